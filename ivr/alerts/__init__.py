"""Alerts (Warnungen): who is told of emergencies, and of promises in danger or broken. By receipt code only."""
