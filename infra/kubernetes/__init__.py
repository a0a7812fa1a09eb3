"""Parts of Kubernetes, built here: where there is no registry, the chart is held against them all the same."""
