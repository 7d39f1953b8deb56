# Its configuration knows no environment.
sed "s/BACKEND_PORT/$BACKEND_PORT/; s/PORT/$PORT/" "$(dirname "$0")/nginx.conf" >"$WORKSPACE/nginx.conf" &&
  exec nginx -p "$WORKSPACE" -c nginx.conf
