from tests.rules import insert

ORG = {"sourced_id": "'rosters-9'", "name": "'North'", "type": "'school'"}
SESSION = {
    "sourced_id": "'s9'",
    "title": "'Fall'",
    "type": "'term'",
    "start_date": "'2027-08-16'",
    "end_date": "'2027-12-17'",
    "school_year": "2028",
}
OF_ORG = "(SELECT id FROM orgs WHERE sourced_id = 'rosters-9')"
COURSE = {"sourced_id": "'k9'", "title": "'Algebra'", "org_id": OF_ORG}
OF_COURSE = "(SELECT id FROM courses WHERE sourced_id = 'k1')"
CLASS = {
    "sourced_id": "'c9'",
    "title": "'Algebra 1'",
    "class_type": "'scheduled'",
    "terms": "'s1'",
    "course_id": OF_COURSE,
    "school_id": OF_ORG,
}
OF_CLASS = "(SELECT id FROM classes WHERE sourced_id = 'c1')"
ENROLLMENT = {
    "sourced_id": "'e9'",
    "class_id": OF_CLASS,
    "school_id": OF_ORG,
    "user_id": "1",
    "role": "'student'",
}
ROLE = {
    "sourced_id": "'r9'",
    "user_id": "1",
    "org_id": OF_ORG,
    "role_type": "'primary'",
    "role": "'student'",
}
PART = {"job_id": "1", "part": "0", "content": "'x'"}
ROW = {"job_id": "1", "line": "9", "record": "'{}'"}
BACKWARDS = {"begin_date": "'2028-01-01'", "end_date": "'2027-01-01'"}

THERE_ALREADY = [
    insert("orgs", ORG),
    insert("academic_sessions", SESSION, sourced_id="'s1'"),
    insert("courses", COURSE, sourced_id="'k1'"),
    insert("classes", CLASS, sourced_id="'c1'"),
    insert("enrollments", ENROLLMENT, sourced_id="'e1'"),
    insert("role_assignments", ROLE, sourced_id="'r1'"),
    insert("exports", PART),
]
REFUSED = [
    *(
        (f"{table}_sourced_id_unique", insert(table, row, sourced_id=f"'{id}'"))
        for table, row, id in (
            ("academic_sessions", SESSION, "s1"),
            ("courses", COURSE, "k1"),
            ("classes", CLASS, "c1"),
            ("enrollments", ENROLLMENT, "e1"),
            ("role_assignments", ROLE, "r1"),
        )
    ),
    *(
        (f"{table}_status_check", insert(table, row, status="'inactive'"))
        for table, row in (
            ("academic_sessions", SESSION),
            ("courses", COURSE),
            ("classes", CLASS),
            ("enrollments", ENROLLMENT),
            ("role_assignments", ROLE),
        )
    ),
    *(
        (f"{table}_{column}_fkey", insert(table, row, **{column: "999"}))
        for table, row, columns in (
            ("academic_sessions", SESSION, ("parent_id",)),
            ("courses", COURSE, ("org_id", "school_year_id")),
            ("classes", CLASS, ("course_id", "school_id")),
            ("enrollments", ENROLLMENT, ("class_id", "school_id", "user_id")),
            ("role_assignments", ROLE, ("user_id", "org_id")),
            ("exports", PART | {"part": "1"}, ("job_id",)),
        )
        for column in columns
    ),
    (
        "academic_sessions_school_year_check",
        insert("academic_sessions", SESSION, school_year="28"),
    ),
    (
        "academic_sessions_go_forward",
        insert("academic_sessions", SESSION, end_date="'2027-01-01'"),
    ),
    ("academic_sessions_are_not_their_own", "UPDATE academic_sessions SET parent_id = id"),
    ("enrollments_go_forward", insert("enrollments", ENROLLMENT | BACKWARDS)),
    ("role_assignments_go_forward", insert("role_assignments", ROLE | BACKWARDS)),
    ("role_assignments_role_type_check", insert("role_assignments", ROLE, role_type="'third'")),
    ("import_rows_file_has_line", insert("import_rows", ROW, file="'users'")),
    ("exports_pkey", insert("exports", PART)),
    (
        "exports_content_check",
        insert("exports", PART, part="1", content="convert_to(repeat('x', 1048577), 'UTF8')"),
    ),
]
GENERATED = {
    "academic_sessions_pkey",
    "courses_pkey",
    "classes_pkey",
    "enrollments_pkey",
    "role_assignments_pkey",
}
