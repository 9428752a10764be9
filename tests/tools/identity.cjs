// Who am I, and where, by the JavaScript SDK v3 with nothing but the environment and the shared config.
// Prints the ARN and the region. An argument is a config file, named in code as programs do. After
// `--profiles`, arguments are profiles: each in turn is that of the environment, and has its line.
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");

const [option, ...profiles] = process.argv.slice(2);
const severalProfiles = option === "--profiles";
const options =
  option && !severalProfiles
    ? { credentials: require("@aws-sdk/credential-providers").fromIni({ configFilepath: option }) }
    : {};

async function show() {
  const client = new STSClient(options);
  const identity = await client.send(new GetCallerIdentityCommand({}));
  console.log(identity.Arn, await client.config.region());
}

async function main() {
  if (!severalProfiles) return show();
  for (const profile of profiles) {
    process.env.AWS_PROFILE = profile;
    await show();
  }
}

main().catch((error) => {
  console.error(error.name, error.message);
  process.exit(1);
});
