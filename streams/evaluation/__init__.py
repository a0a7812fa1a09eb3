"""Pure judgement: observation -> verdict -> transition. Time is an argument, silence is a tick."""
