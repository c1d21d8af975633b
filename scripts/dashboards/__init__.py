"""The dashboards of Grafana as code: `make_dashboards.py` writes them as JSON.

`queries` are words of PromQL, `panels` how a panel of ours looks, `board` what all dashboards
have in common; every other module is one dashboard.
"""
