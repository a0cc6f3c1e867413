#!/bin/sh
# Makes the certificates and keys of time-stamping authorities here, and of those who are none. They are good for tests alone.
set -e
new() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj "$@" 2>/dev/null
}
new "/CN=Time Root" -x509 -days 36500 -out root.pem -addext basicConstraints=critical,CA:TRUE
mv key root.key
mkdir work && : > work/index && echo 01 > work/serial
cat > work/ca.cnf <<C
[ca]
default_ca = one
[one]
new_certs_dir = work
database = work/index
serial = work/serial
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
C
# Name, usages, first and last day.
authority() {
    new "/CN=Time Authority ($1)" -out work/request
    printf 'extendedKeyUsage=%s\n' "$2" > work/extensions
    openssl ca -batch -config work/ca.cnf -cert root.pem -keyfile root.key -in work/request -out work/out \
        -startdate "${3}000000Z" -enddate "${4}000000Z" -extfile work/extensions -notext 2>/dev/null
    cat work/out key > "$1.pem"
}
authority right critical,timeStamping 20200101 21200101
authority expired critical,timeStamping 20200101 20210101
authority two-usages critical,timeStamping,codeSigning 20200101 21200101
authority not-critical timeStamping 20200101 21200101
authority code-signing critical,codeSigning 20200101 21200101
rm -r work key root.key
