"""What is wrong with a file, all of it at once."""


class ImportFailed(Exception):
    """Nothing was written. `problems` are lines such as `cohorts[0].members[2].email: …`, never empty."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
