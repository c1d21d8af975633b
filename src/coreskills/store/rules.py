"""What it means to a person when the database refuses a row."""

from collections.abc import Callable
from functools import partial

from coreskills.errors import AppError, ChangedMeanwhile, Conflict, NotFound, UsernameTaken

# Constraint -> what it means to a person. A rule not listed is still refused, as a plain conflict.
CONSTRAINTS: dict[str, Callable[[], AppError]] = {
    "users_username_unique": partial(UsernameTaken, "The username was taken in the meantime"),
    "usernames_pkey": partial(UsernameTaken, "The username belongs, or belonged, to somebody"),
    "users_email_unique": partial(UsernameTaken, "The e-mail address was taken in the meantime"),
    "users_student_id_unique": partial(
        Conflict, "There is a student with this id already", code="duplicate_person"
    ),
    "users_employee_id_unique": partial(
        Conflict, "There is a member of staff with this id already", code="duplicate_person"
    ),
    "users_sourced_id_unique": partial(
        Conflict, "There is somebody with this sourcedId already", code="duplicate_person"
    ),
    "devices_device_id_unique": partial(
        Conflict, "There is a device with this id already", code="duplicate_device"
    ),
    "devices_serial_number_unique": partial(
        Conflict, "There is a device with this serial number already", code="duplicate_serial"
    ),
    "device_assignments_one_open": partial(
        Conflict, "Somebody holds the device already", code="device_held"
    ),
    "policies_name_unique": partial(
        Conflict, "There is a policy with this name already", code="duplicate_policy"
    ),
    "jobs_open_unique": partial(
        Conflict,
        "The same work is already queued or running; wait for it or cancel it",
        code="job_open",
    ),
    "operators_username_unique": partial(
        Conflict, "There is an operator with this name already", code="duplicate_operator"
    ),
    "orgs_sourced_id_unique": partial(
        Conflict, "There is an organisation with this sourced_id already", code="duplicate_org"
    ),
    "orgs_parent_id_fkey": partial(NotFound, "There is no organisation with this parent_id"),
    "orgs_feeder_id_fkey": partial(NotFound, "There is no school with this feeder_id"),
    "directory_groups_name_unique": partial(
        Conflict, "There is a group with this name already", code="duplicate_group"
    ),
    "licences_sku_unique": partial(
        Conflict, "There is a licence with this SKU already", code="duplicate_licence"
    ),
    "licences_seats_suffice": partial(
        Conflict, "There are not so many seats as are used", code="seats_in_use"
    ),
    "cohort_steps_pkey": partial(ChangedMeanwhile, "The school has stepped in this year meanwhile"),
    "devices_assigned_user_id_fkey": partial(
        NotFound, "There is no user with this assigned_user_id"
    ),
}

# What checks and triggers refuse, by the name of the rule.
TRIGGERS: dict[str, Callable[[], AppError]] = {
    "users_state_moves": partial(
        Conflict, "The account has no such way from its state", code="state_conflict"
    ),
    "users_hold_no_device": partial(
        Conflict, "The person holds devices; take them back first", code="device_held"
    ),
    "devices_status_moves": partial(
        Conflict, "The device has no such way from its status", code="state_conflict"
    ),
    "devices_status_fits_holder": partial(
        Conflict, "Somebody holds the device; take it back first", code="device_held"
    ),
    "devices_handed_out_from_stock": partial(
        Conflict, "Only a device from stock can be handed out", code="state_conflict"
    ),
    "devices_holder_is_here": partial(
        Conflict, "Only somebody who is here can get a device", code="state_conflict"
    ),
}
