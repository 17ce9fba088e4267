"""What `./dev bench` measures; bench/run.py puts it together."""
