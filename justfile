# The everyday words. Each is one command; `just` alone checks everything.

python := if os() == "windows" { ".venv/Scripts/python.exe" } else { ".venv/bin/python" }

default: check

# Format, lint, types, import contracts, all tests
check:
    python3 test.py

# The same without whole instances
fast:
    python3 test.py --fast

format:
    {{python}} -m ruff format .
    {{python}} -m ruff check --fix .

up *arguments:
    python3 start.py {{arguments}}

down:
    python3 stop.py

# Write docs/reference/ anew from the code
docs:
    {{python}} scripts/make_reference.py

# Write observability/grafana/dashboards/ anew from scripts/dashboards/
dashboards:
    {{python}} scripts/make_dashboards.py

# Write the rules of the objectives anew
rules:
    {{python}} scripts/make_rules.py

# Measure against peers; writes bench/RESULTS.md
bench:
    {{python}} bench/run.py --all
