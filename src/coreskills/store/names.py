"""The names of the database and its roles, for who must not load the driver to know them."""

DATABASE = "coreskills"
OWNER = "coreskills_owner"
API = "coreskills_api"
WORKER = "coreskills_worker"
