"""What may be asked of reports. Pure."""

from datetime import date

from fynlo.errors import Conflict, FieldProblem, Invalid

MOST_DAYS = 366


def check_range(first: date, last: date) -> None:
    """Raises Invalid for business dates that end before they begin, or are more than MOST_DAYS."""
    if last < first:
        problem = "not before `from`"
    elif (last - first).days >= MOST_DAYS:
        problem = f"at most {MOST_DAYS} days"
    else:
        return
    raise Invalid(
        f"Ask for business dates in their order, at most {MOST_DAYS} days: `to` must be {problem}.",
        errors=[FieldProblem("to", problem)],
    )


def check_business_date(wanted: date, *, last: date | None, today: date) -> None:
    """Whether a Z of this business date may follow one of `last`.

    Raises Invalid for a day that has not begun, Conflict `z_out_of_order` for one before the last Z's.
    """
    if wanted > today:
        raise Invalid(
            f"The business date {wanted} has not begun; today's is {today}.",
            errors=[FieldProblem("business_date", f"at most {today}")],
        )
    if last is not None and wanted < last:
        raise Conflict(
            f"The last Z is of {last}; take this one of that business date or a later one.",
            code="z_out_of_order",
        )
