"""The list of users as a first Flask app has it: a pool, the query, jsonify. Nothing else.

gunicorn --worker-class gthread --workers 2 --threads 8 bare_flask:app
"""

import os

from flask import Flask, Response, jsonify, request
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

QUERY = """
SELECT id, user_type AS type, first_name, last_name, email, username, is_active,
       student_id, employee_id
  FROM users
 WHERE id > %s
 ORDER BY id
 LIMIT %s
"""

app = Flask(__name__)
pool = ConnectionPool(
    os.environ["DATABASE_URL"], min_size=4, max_size=8, kwargs={"row_factory": dict_row}, open=True
)


@app.get("/api/v1/users")
def list_users() -> Response:
    after, limit = int(request.args.get("after", 0)), int(request.args.get("limit", 50))
    with pool.connection() as conn:
        rows = conn.execute(QUERY, (after, limit)).fetchall()
    return jsonify(users=rows)
