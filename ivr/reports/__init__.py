"""Reports (Berichte): the monthly statement the Senate did not have, the scorecard, and any period for the house."""
