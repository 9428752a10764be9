// Who am I, and where, by the JavaScript SDK v3 with nothing but the environment and the shared config.
// Prints the ARN and the region. An argument is a config file, named in code as programs do.
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");

const configFilepath = process.argv[2];
const options = configFilepath
  ? { credentials: require("@aws-sdk/credential-providers").fromIni({ configFilepath }) }
  : {};
const client = new STSClient(options);
client
  .send(new GetCallerIdentityCommand({}))
  .then(async (identity) => console.log(identity.Arn, await client.config.region()))
  .catch((error) => {
    console.error(error.name, error.message);
    process.exit(1);
  });
