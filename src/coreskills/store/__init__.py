"""PostgreSQL. The only package that speaks SQL; every statement has a name in sql/*.sql."""
