"""Tests of what starts the work: the sensor and the schedule, called as functions on an instance of their own."""
