"""Who may do what in Redis: a user for each program, none by default."""

from coreskills.broker.streams import EPOCH, STREAM

_CLIENT = "+ping +info +client|setinfo +client|setname"
_RULES = {
    "coreskills_api": (f"%W~{STREAM} %R~{EPOCH}", f"{_CLIENT} +xadd +xlen +get"),
    "coreskills_worker": (
        f"~{STREAM} ~{EPOCH}",
        f"{_CLIENT} +xadd +xreadgroup +xautoclaim +xack +xdel +xlen +xpending"
        " +xgroup|create +xgroup|delconsumer +get +set +del +multi +exec",
    ),
}
API, WORKER = _RULES


def acl(passwords: dict[str, str]) -> str:
    """The text of an ACL file. `health` needs no password and can only PING, which Redis refuses
    while it cannot write to its disk."""
    lines = [
        "user default off resetpass",
        "user health on nopass resetkeys resetchannels -@all +ping",
    ]
    for user, (keys, commands) in _RULES.items():
        lines.append(f"user {user} on >{passwords[user]} {keys} resetchannels -@all {commands}")
    return "\n".join(lines) + "\n"
