"""What supervisors tell callers at once: opening hours of single days, announcements, answers, further languages.

The script's own prompts do not (`ivr.prompts`), nor do the pages on which notices are entered (`ivr.web`).
"""
