"""Boards for Grafana, made by code: `python -m infra.dashboards` writes them, `--check` compares."""
