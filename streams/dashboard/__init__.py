"""The dashboard: pages and API over the database, for partners and for the platform team."""
