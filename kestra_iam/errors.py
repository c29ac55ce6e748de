"""What an action raises when it refuses; every door turns these into its own kind of answer."""


class IamError(Exception):
    """A refusal with a sentence that a person can act on; never database text, never a secret."""

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.message = message
        self.field = field


class Invalid(IamError):
    """A value is not acceptable; ``field`` names it and the sentence says what would be right."""


class Forbidden(IamError):
    """The actor does not hold what this would give or change."""


class NotFound(IamError):
    """No such object in this tenant."""


class Conflict(IamError):
    """It would contradict what is there: a name already taken, the last Admin."""


class Overtaken(Conflict):
    """Another writer was faster; tried again, what that one wrote decides."""
