"""What every HTTP interface of the product is made of: the server, bodies, problems, and who calls too often."""
