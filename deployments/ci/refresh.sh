#!/usr/bin/env bash
# refresh.sh ENV SNAPSHOT TAG: one refresh, waited for. Ends with 0 only for a run that completed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

exec .venv/bin/prefect deployment run refresh/ci \
  --param env="$1" --param from_snapshot="$2" --tag "$3" --watch
