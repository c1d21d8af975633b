"""The same list in Litestar with asyncpg and msgspec. Nothing else.

granian --interface asgi --workers 2 --runtime-mode st litestar_asyncpg:app
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from litestar import Litestar, get
from litestar.datastructures import State

QUERY = """
SELECT id, user_type AS type, first_name, last_name, email, username, is_active,
       student_id, employee_id
  FROM users
 WHERE id > $1
 ORDER BY id
 LIMIT $2
"""


@asynccontextmanager
async def connected(app: Litestar) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=4, max_size=8) as pool:
        app.state.pool = pool
        yield


@get("/api/v1/users")
async def list_users(state: State, after: int = 0, limit: int = 50) -> dict[str, Any]:
    async with state.pool.acquire() as conn:
        rows = await conn.fetch(QUERY, after, limit)
    return {"users": [dict(row) for row in rows]}


app = Litestar([list_users], lifespan=[connected], openapi_config=None)
