#!/usr/bin/env bash
# log-in.sh SECRET: prints the line that makes later steps log in to the Prefect server, for $GITHUB_ENV.
# The secret is kept out of the log first.
set -euo pipefail

login=$(aws secretsmanager get-secret-value --secret-id "$1" --query SecretString --output text)
if [[ $login != ?*:?* || $login == *$'\n'* ]]; then
  echo "Secret $1 isn't user:password in one line: store the Prefect server's PREFECT_SERVER_API_AUTH_STRING in it." >&2
  exit 1
fi
echo "::add-mask::$login" >&2
echo "PREFECT_API_AUTH_STRING=$login"
