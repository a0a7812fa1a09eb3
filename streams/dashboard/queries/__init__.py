"""What pages and API ask the database: each question takes who asks, and sees nothing that is not theirs."""
