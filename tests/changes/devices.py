from tests.changes import NEW, REASON, Case, Kind

LAPTOP = {"device_id": "LT-1", "device_name": "n", "device_type": "laptop", "platform": "linux"}
LOCK = {"policy_name": "p", "policy_type": "security", "description": "d"}
HELD = {"device_id": "LT-9"}

CASES = {
    "POST /api/v1/devices": Case("device.registered", "devices", LAPTOP | {"device_id": "X"}, NEW),
    "POST /api/v1/devices/<device_id>/facts": Case(
        "device.checked_in", "devices/LT-1/facts", {"facts": {"DiskEncrypted": True}}
    ),
    "PATCH /api/v1/devices/<device_id>": Case(
        "device.changed", "devices/LT-1", {"device_name": "m"}
    ),
    "DELETE /api/v1/devices/<device_id>": Case("device.retired", "devices/LT-1"),
    "POST /api/v1/policies": Case("policy.created", "policies", LOCK | {"policy_name": "q"}, NEW),
    "PATCH /api/v1/policies/<int:id>": Case("policy.changed", "policies/1", {"enabled": False}),
    "DELETE /api/v1/policies/<int:id>": Case("policy.retired", "policies/1"),
}
KINDS = {
    "device_register": Kind("device.registered", LAPTOP | {"device_id": "LT-10"}),
    "device_assign": Kind("device.assigned", {"device_id": "LT-1", "user_id": 1, "why": REASON}),
    "device_return": Kind("device.returned", HELD),
    "device_set": Kind("device.changed", HELD | {"device_name": "m"}),
    "device_retire": Kind("device.retired", {"device_id": "LT-1"}),
    "device_return_cohort": Kind("device.returned", {"graduation_year": 2028}),
    "policy_evaluate": Kind("policy.evaluated"),
}


def prepare(made, work):
    made("policies", LOCK)
    made("devices", LAPTOP)
    made("devices", LAPTOP | HELD | {"assigned_user_id": 2})
    return {}
