#!/bin/sh
# nginx of compose.yaml. Without a certificate in /certificates it makes one that nobody has signed, for DOMAIN.
set -eu
certificates=${CERTIFICATES:-/certificates}
config=${CONFIG:-/proxy/nginx.conf}

if [ ! -e "$certificates/fullchain.pem" ]; then
  echo "houselights: no certificate in $certificates: making one that nobody has signed" >&2
  umask 077
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 825 -subj "/CN=$DOMAIN" \
    -addext "subjectAltName=DNS:$DOMAIN" -keyout "$certificates/privkey.pem" -out "$certificates/fullchain.pem" 2>/dev/null
fi
exec nginx -c "$config" -g 'daemon off; pid /tmp/nginx.pid;'
