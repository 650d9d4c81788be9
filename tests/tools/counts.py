"""How many tests of each kind passed, failed or were not run."""


class Counts:
    def __init__(self):
        # Kind -> [passed, failed, not run]; the kinds keep the order in which they came.
        self.kinds = {}
        self.notes = []

    def put(self, kind, passed, failed, skipped=0):
        if not passed + failed + skipped:
            return self
        row = self.kinds.setdefault(kind, [0, 0, 0])
        for place, number in enumerate((passed, failed, skipped)):
            row[place] += number
        return self

    def add(self, kind, passed, note=None):
        if note:
            self.notes.append(f"{kind}: {note}")
        return self.put(kind, int(passed), int(not passed))

    def skip(self, kind, why):
        note = f"{kind}: not run ({why})"
        if note not in self.notes:
            self.notes.append(note)
        return self.put(kind, 0, 0, 1)

    def merge(self, other):
        for kind, row in other.kinds.items():
            self.put(kind, *row)
        self.notes += other.notes

    passed = property(lambda self: sum(row[0] for row in self.kinds.values()))
    failed = property(lambda self: sum(row[1] for row in self.kinds.values()))
    skipped = property(lambda self: sum(row[2] for row in self.kinds.values()))
    total = property(lambda self: self.passed + self.failed)

    def __str__(self):
        width = max((len(kind) for kind in self.kinds), default=0)
        lines = [f"{'':{width}}  passed  failed  not run"]
        for kind, (passed, failed, skipped) in self.kinds.items():
            lines.append(f"{kind:{width}}  {passed:6}  {failed:6}  {skipped or '':>7}".rstrip())
        return "\n".join([*lines, *self.notes])
