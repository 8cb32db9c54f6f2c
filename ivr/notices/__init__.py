"""What supervisors tell callers at once lives here: opening hours of single days, announcements,
answers for the night, names of further languages.

The script's own prompts do not (`ivr.prompts`), nor do the pages on which notices are entered (`ivr.web`).
"""
