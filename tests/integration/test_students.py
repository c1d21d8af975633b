from tests.people import ADA


def test_a_posted_student_exists_after_the_worker_ran(client, worker):
    posted = client.post("/api/v1/users/student", json=ADA)
    assert posted.status_code == 202
    assert posted.json["status"] == "queued"

    worker.run_once(wait_seconds=1)

    job = client.get(posted.headers["Location"]).json
    assert job["status"] == "completed"
    assert job["result"] == {
        "StudentID": "S2028001",
        "Username": "alovelace8001",
        "Email": "alovelace8001@students.coreskills.example",
        "OU": "OU=Class of 2028,OU=Students,DC=coreskills,DC=example",
        "Created": True,
        "Engine": "native",
    }
    users = client.get("/api/v1/users").json["users"]
    assert [user["username"] for user in users] == ["alovelace8001"]
