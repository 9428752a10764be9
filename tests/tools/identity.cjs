// Who am I, by the JavaScript SDK v3 with nothing but the environment and the shared config.
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");

new STSClient({}).send(new GetCallerIdentityCommand({})).then(
  (identity) => console.log(identity.Arn),
  (error) => {
    console.error(error.name, error.message);
    process.exit(1);
  },
);
