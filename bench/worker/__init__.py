"""The parts of `bench/tasks.py`: our worker beside the stock one, on one database."""
