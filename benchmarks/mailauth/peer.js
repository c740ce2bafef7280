// mailauth's checks, run on request: one JSON object a line comes in, one goes out.
//
// First line: {"dns": {"TXT example.com": ["…"]}, "cases": {"name": {"kind": "spf" | "dkim" | "authenticate", …}}}
// Then {"case": "name", "seconds": 0.2}, answered by {"rate": calls a second, "said": the verdict}.
'use strict';

const readline = require('readline');
const { spf } = require('mailauth/lib/spf');
const { dkimVerify } = require('mailauth/lib/dkim/verify');
const { authenticate } = require('mailauth');

let world;

async function resolver(name, type) {
    const values = world.dns[`${type} ${name.toLowerCase().replace(/\.$/, '')}`];
    if (!values) {
        throw Object.assign(new Error(`no ${type} at ${name}`), { code: 'ENOTFOUND' });
    }
    return type === 'TXT' ? values.map(value => [value]) : values;
}

const checks = {
    spf: async ({ ip, helo, sender }) => (await spf({ ip, helo, sender, mta: 'mx.example.net', resolver })).status.result,
    dkim: async ({ message }) => (await dkimVerify(message, { resolver })).results.map(one => one.status.result).join(' '),
    authenticate: async ({ message, ip, helo, sender }) => {
        const found = await authenticate(message, { ip, helo, sender, mta: 'mx.example.net', resolver, disableBimi: true });
        return found.dmarc.status.result;
    }
};

async function run({ case: name, seconds }) {
    const one = world.cases[name];
    const check = checks[one.kind];
    const start = process.hrtime.bigint();
    const end = start + BigInt(Math.round(seconds * 1e9));
    let count = 0;
    let said;
    let now;
    do {
        said = await check(one);
        count += 1;
        now = process.hrtime.bigint();
    } while (now < end);
    return { rate: count / (Number(now - start) / 1e9), said };
}

async function main() {
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const asked = JSON.parse(line);
        if (asked.cases) {
            world = asked;
            for (const one of Object.values(world.cases)) {
                if (one.message) {
                    one.message = Buffer.from(one.message, 'base64');
                }
            }
            continue;
        }
        process.stdout.write(JSON.stringify(await run(asked)) + '\n');
    }
}

main();
