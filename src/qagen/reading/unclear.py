"""How facts decline to answer: `Unclear`, with a reason from `vocabulary.REASONS`."""


class Unclear(Exception):  # noqa: N818 - an answer of the facts, not a fault
    """The facts do not settle a question; its only argument is the reason."""


def require(condition: object, reason: str) -> None:
    """Raises `Unclear` with the reason unless the condition holds.

    >>> require(1 < 2, "too small")
    """
    if not condition:
        raise Unclear(reason)


def refuse(reason: str | None) -> None:
    """Raises `Unclear` if there is a reason.

    >>> refuse({}.get("jump"))
    """
    if reason:
        raise Unclear(reason)
