"""What reports offer as a command is what the table of fixes has a diff for."""

from app.remediation import offers
from app.remediation.table import TABLE


def test_offers_are_the_fixes_and_skeletons_of_the_table():
    assert {name for name, remedy in TABLE.items() if remedy.kind == "fix"} == offers.FIXES
    assert {name for name, remedy in TABLE.items() if remedy.kind == "skeleton"} == offers.SKELETONS
    assert all(remedy.fix is not None for name, remedy in TABLE.items() if name in offers.FIXES | offers.SKELETONS)


def test_what_one_fix_mends_together_is_one_piece_of_work():
    by_fix: dict[object, set[str]] = {}
    for name, remedy in TABLE.items():
        if remedy.fix is not None:
            by_fix.setdefault(remedy.fix, set()).add(name)
    shared = {name for names in by_fix.values() if len(names) > 1 for name in names}

    assert set(offers.TOGETHER) == shared
