"""What supervisors tell callers at once: opening hours of single days, announcements, and answers for the night."""
