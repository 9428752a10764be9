"""For each next step, a test that runs it, or the reason why no program can.

The texts are those of `support.next_steps.written`. `RUN` names tests of `e2e/test_next_steps.py`
that cause the error, run what it prints in a POSIX shell, and look for the promised effect;
`ELSEWHERE` names other modules that do. Of `ADVICE`, the commands inside are checked to exist.
"""

from __future__ import annotations

RUN: dict[str, str] = {
    "xswitch config": "test_a_command_that_looks",
    "xswitch list": "test_a_command_that_looks",
    "xswitch doctor": "test_a_command_that_looks",
    "xswitch --help": "test_a_command_that_looks",
    "{} --help": "test_a_command_that_looks",
    "xswitch history --limit 20": "test_a_command_that_looks",
    "xswitch access plan --help": "test_a_command_that_looks",
    "See the current config: xswitch config": "test_a_command_that_looks",
    "xswitch demo": "test_a_command_that_looks",
    "xswitch demo --serve": "test_a_command_that_looks",
    "xswitch demo --help": "test_a_command_that_looks",
    "xswitch renew {}": "test_a_renewal_gets_the_code_that_is_due",
    "xswitch switch {}": "test_a_switch_gets_the_session_that_is_due",
    "xswitch switch {} --mfa-code CODE": "test_a_code_is_given_with_the_command",
    "xswitch switch --mfa-code CODE {}": "test_a_code_is_given_with_the_command",
    "xswitch renew --mfa-code CODE {}": "test_a_code_is_given_with_the_command",
    "xswitch explain --mfa-code CODE {}": "test_a_code_is_given_with_the_command",
    "repeat the command with --mfa-code CODE": "test_a_code_is_given_with_the_command",
    "xswitch switch {} --confirm {}": "test_a_guard_is_confirmed",
    "xswitch switch ACCOUNT:ROLE --source {}": "test_a_source_gets_its_target",
    "xswitch switch ACCOUNT:ROLE --source PROFILE": "test_a_source_gets_its_target",
    "xswitch switch {} --source PROFILE": "test_a_source_gets_its_target",
    "xswitch switch TARGET --json": "test_placeholders_are_filled",
    "xswitch exec TARGET -- COMMAND": "test_placeholders_are_filled",
    "xswitch exec {} TARGET {}": "test_placeholders_are_filled",
    "xswitch exec --chdir DIR TARGET -- COMMAND": "test_placeholders_are_filled",
    "xswitch switch TARGET (see: xswitch list)": "test_placeholders_are_filled",
    "xswitch explain TARGET": "test_placeholders_are_filled",
    "xswitch renew TARGET, or: xswitch renew --all": "test_placeholders_are_filled",
    "xswitch forget TARGET, or: xswitch forget --all": "test_placeholders_are_filled",
    "xswitch access lint ROLE --target PROFILE": "test_placeholders_are_filled",
    "xswitch access lint FILE, or: xswitch access lint ROLE --target PROFILE": (
        "test_placeholders_are_filled"
    ),
    "xswitch access {} ROLE --source PROFILE --target PROFILE": "test_placeholders_are_filled",
    "Choose another name: xswitch switch TARGET --profile-name NAME": (
        "test_another_name_for_the_managed_profile"
    ),
    "Choose another one with --profile-name.": "test_another_name_for_the_managed_profile",
    "Remove it, or choose another name with --profile-name.": (
        "test_another_name_for_the_managed_profile"
    ),
    "Remove a profile that xswitch wrote: xswitch forget NAME": (
        "test_a_change_that_cant_be_undone_is_removed"
    ),
    "xswitch forget {}": "test_an_orphan_is_forgotten",
    "xswitch init SHELL, with one of {}": "test_a_hook_is_printed",
    "xswitch init {} --cmd xs": "test_a_hook_is_printed",
    "chmod u+w {}": "test_a_read_only_config_is_made_writable",
    "chmod o-w {}": "test_modes_that_doctor_names",
    "chmod {} {}": "test_modes_that_doctor_names",
    "Save it as UTF-8: {}": "test_a_file_is_converted",
    "xswitch switch, or: unset AWS_PROFILE": "test_variables_are_unset",
    "Upgrade xswitch, or start over without the file: rm {}": "test_a_newer_file_is_removed",
    "Write them again: xswitch switch NAME --static": "test_static_keys_are_written_again",
    "Write them again: xswitch switch NAME": "test_static_keys_are_written_again",
    "Move it away: mv {} {}": "test_what_isnt_a_file_is_moved_away",
    "mv {} {}": "test_what_isnt_a_file_is_moved_away",
    "chmod u+rw{} {}": "test_modes_that_doctor_names",
    "chmod go-w {}": "test_a_folder_of_others_is_closed",
    "Give it a file of its own: cp -p {} {}.new && mv {}.new {}": (
        "test_a_hard_link_gets_a_file_of_its_own"
    ),
    "Go to a folder that exists: cd /": "test_a_folder_that_is_gone_is_left",
    "Remove it; xswitch then selects a vault again: rm -rf {}": "test_a_bad_record_is_removed",
    "Remove it; new sessions replace the lost ones: {}rm -rf {}": (
        "test_an_untrusted_vault_is_removed"
    ),
    "{} and {} in the AWS config; to list them: xswitch config": "test_a_command_that_looks",
    "No sessions yet. Switch with: xswitch switch TARGET": "test_placeholders_are_filled",
    "For IAM Identity Center: xswitch sso add, then xswitch login. For a role: a profile with"
    " role_arn and source_profile, or xswitch switch ACCOUNT:ROLE --source PROFILE.": (
        "test_a_source_gets_its_target"
    ),
    "add one with role_arn and source_profile to ~/.aws/config, or: xswitch switch ACCOUNT:ROLE"
    " --source PROFILE": "test_a_source_gets_its_target",
    "AWS_PROFILE in this shell is unchanged. Set it: {}   or load the shell hook: eval"
    ' "$(xswitch init bash)" ({}: docs/shells.md), then use: xs': (
        "test_the_shell_is_switched_without_the_hook"
    ),
    "rm {}": "test_an_old_copy_of_the_config_is_removed",
    "unset AWS_PROFILE, or: xs --unset": "test_variables_are_unset",
    'Set vault = "auto" in {}.': "test_a_setting_of_the_vault",
    "Set allow_plain_files = true in {}.": "test_a_setting_of_the_vault",
    "Fix or remove {}.": "test_settings_are_removed",
    "fix {}, then: xswitch config": "test_settings_are_removed",
    "Request at most one hour: --duration 3600": "test_a_shorter_session",
    "Use a region such as eu-west-1.": "test_a_value_is_corrected",
    "Use a duration of {} seconds.": "test_a_value_is_corrected",
    "repeat the command with --yes": "test_changes_are_confirmed",
    "choose another --output, or overwrite it with --force": "test_files_are_overwritten",
    "Correct it at {}.": "test_the_place_of_a_mistake",
}

ELSEWHERE: dict[str, str] = {
    "xswitch exec {} --confirm {} -- {}": "e2e/test_exec.py",
    "xswitch exec --env {} --confirm {} -- {}": "e2e/test_exec.py",
    "xswitch exec {} --mfa-code CODE -- {}": "e2e/test_exec.py",
    "xswitch exec --env {} --mfa-code CODE -- {}": "e2e/test_exec.py",
    "xswitch exec {} -- {}": "e2e/test_exec_serve.py",
    "xswitch exec --env {} -- {}": "e2e/test_exec_serve.py",
    "xswitch exec --serve {} -- {}": "e2e/test_exec_serve.py",
    "xswitch exec --serve {} --confirm {} -- {}": "e2e/test_exec_serve.py",
    "xswitch exec --serve {} --mfa-code CODE -- {}": "e2e/test_exec_serve.py",
    'Use another folder: export XDG_RUNTIME_DIR="$(mktemp -d)"': "adapters/endpoint/test_files.py",
    "chmod +x {}": "e2e/test_exec.py",
    "Use a copy that you can change: cp {} {} && chmod 600 {} && export {}={}": (
        "adapters/config/test_ensure_writable.py"
    ),
    'export AWS_SHARED_CREDENTIALS_FILE="$HOME/.aws-credentials"': (
        "adapters/config/test_secret_files.py"
    ),
    'Set HOME to your folder, or to an empty one: export HOME="$(mktemp -d)"': (
        "reliability/test_homes.py"
    ),
    "rm -r {}": "e2e/test_forget_all.py",
    "AWS_PROFILE in this shell is unchanged. To switch the shell too: xs {}": (
        "core/shell/test_hook_real.py"
    ),
    "The keys in {}-static are older: {} left. Replace them: xswitch renew {}": (
        "e2e/test_switch.py"
    ),
    "The keys in {}-static are older: expired. Replace them: xswitch renew {}": (
        "e2e/test_switch.py"
    ),
    "{}; then: xswitch forget --all": "e2e/test_forget_all.py",
    "Sessions of roles stay until they end; to drop them: xswitch forget --all": (
        "e2e/test_login.py"
    ),
    "xswitch login {}": "e2e/test_login.py",
    "xswitch login --device-code {}": "e2e/test_login.py",
    "List what the portal offers now: xswitch sso refresh {}": (
        "e2e/test_identity_center_targets.py"
    ),
    "xswitch login --force {}": "e2e/test_login.py",
    "xswitch login --device-code": "e2e/test_login.py",
    "xswitch logout --all": "e2e/test_login.py",
    "List one with: xswitch sso refresh SESSION": "e2e/test_portals.py",
    "Sign in with: xswitch login {}": "e2e/test_login.py",
    "To take it back: xswitch config undo": "e2e/test_portals.py",
    "xswitch sso add NAME --start-url URL --region REGION": "e2e/test_portals.py",
    "xswitch sso list {}": "e2e/test_portals.py",
    "Try another one: xswitch sso populate --dry-run": "e2e/test_portals.py",
    "xswitch sso refresh {}": "e2e/test_portals.py",
    "Its roles are being listed in the background; see: xswitch list": "e2e/test_login.py",
    "  in the demo, another terminal is a device: xswitch demo --approve URL": "e2e/test_demo.py",
}

_CHOICE = "the user chooses what the message names"
_AGAIN = "it names no command, but what to wait for"
_OTHERS = "another person or program does it"
_AWS = "it changes something in AWS that only its owner knows"
_CONFIG = "an editor changes the place that the message names"

ADVICE: dict[str, str] = {
    "Leave --no-renew out.": "the same command without the option that the message names",
    "Choose another name: xswitch sso add NAME": _CHOICE,
    "Use one such as https://d-1234567890.awsapps.com/start.": _CHOICE,
    "Use sso:account:access, or leave --scope out.": _CHOICE,
    "Use the region of the portal, such as {}.": _CHOICE,
    "Leave {} out.": "the same command without the option that the message names",
    "Remove mfa_serial at {}:{}": _CONFIG,
    "Remove the policy from the guard in config.toml, or use a role.": _CONFIG,
    "Check sso_account_id at {}.": _CONFIG,
    "Check sso_region and sso_start_url, and the role, at {}.": _CONFIG,
    "Set AWS_SHARED_CREDENTIALS_FILE to a file of its own.": _CHOICE,
    "review the new plan: rerun it with `xswitch access plan`": _AGAIN,
    "add an authenticator in IAM, or name the device: --mfa-serial ARN (or mfa_serial in the"
    " profile {})": _CHOICE,
    "name the profile: --switch-from PROFILE": _CHOICE,
    "aws iam list-roles --profile {}": "the AWS CLI lists what to choose from",
    "aws iam list-policies --profile {}": "the AWS CLI lists what to choose from",
    "aws iam list-{}s --profile {}": "the AWS CLI lists what to choose from",
    "aws iam list-{}s": "the AWS CLI lists what to choose from",
    "--user NAME": _CHOICE,
    "use --source with a profile in its account": _CHOICE,
    "choose another one: --profile NAME": _CHOICE,
    "rerun with another name: --profile NAME": _CHOICE,
    "Correct the settings file.": _CONFIG,
    "Choose another vault in the settings.": _CHOICE,
    'Add to the start file of bash: eval "$(xswitch init bash)"; of other shells: xswitch init'
    " --help": "an editor changes the shell's start file; its lines are run by the shells' tests",
    "Remove those keys.": _CONFIG,
    "Set this machine's clock (on Linux: sudo timedatectl set-ntp true).": (
        "no test may change the machine's clock"
    ),
    "Set this machine's clock (on Linux: sudo timedatectl set-ntp true), then rerun the command.": (
        "no test may change the machine's clock"
    ),
    "Set this machine's clock (on Linux: sudo timedatectl set-ntp true), then run the same command"
    " again.": "no test may change the machine's clock",
    "Wait until the device shows the next code, then rerun the command with it.": _AGAIN,
    "Type the code that the device shows now.": "a person types it",
    "Wait until the device shows the next one.": _AGAIN,
    "Set AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE to a file.": _CHOICE,
    "Use a shorter path.": _CHOICE,
    "Stop that program, then run the same command again.": _OTHERS,
    "Wait for it or stop it, then run the same command again.": _OTHERS,
    "Finish or stop it, then retry.": _OTHERS,
    "Run the mfa_process command of profile {} yourself, or use --mfa-code.": (
        "the command is the user's own"
    ),
    "Unlock it, then retry: log in to the desktop, or open its keyring program; without a desktop:"
    " gnome-keyring-daemon --replace --unlock --components=secrets (type the password, then press"
    " Ctrl-D twice).": "a person types the password",
    "Start it, or choose another store: {}.": _OTHERS,
    "Restart it, or choose another store: {}.": _OTHERS,
    "Create one in the desktop's keyring program, or choose another store: {}.": _OTHERS,
    "Run `xswitch doctor`, or choose another store: {}.": _CHOICE,
    "Give this user a runtime folder (XDG_RUNTIME_DIR on a tmpfs). Or, to store sessions on disk in"
    ' plain files that only you can read: set vault = "file" and allow_plain_files = true in {}.': (
        _OTHERS
    ),
    "--document my-policy=policy.json": _CHOICE,
    "report this line and the command (see docs/contributing.md)": "a person reports it",
    "Report it with the line above; `xswitch doctor` may show the cause.": "a person reports it",
    "Use that role's path and name, or another name.": _CHOICE,
    "Use that principal's path and name.": _CHOICE,
    "Leave one out.": _CHOICE,
    "Leave the comment out.": _CHOICE,
    "Use only lower-case letters and _.": _CHOICE,
    "Change {} in the profile it is copied from.": _CONFIG,
    "xswitch config, and fix the lines it names.": _CONFIG,
    "Correct {}, then press F5 to reload.": _CONFIG,
    "Correct the value named in the reason.": _CHOICE,
    "Use a profile that is allowed to change IAM in that account.": _CHOICE,
    "Check the name and the account.": _CHOICE,
    "Run the same command again: it starts from the current state.": _AGAIN,
    "Run the same command again.": _AGAIN,
    "Remove unused resources, or request a higher quota.": _AWS,
    "Remove those first.": _AWS,
    "Use another role.": _CHOICE,
    "Use another policy.": _CHOICE,
    "{}": "it is one of the other texts of its module",
    "See its output: {}": "the AWS CLI shows the error of another program",
    "Check sso_account_id and sso_role_name at {}.": _CONFIG,
    "Get a new token, or check role_arn at {}.": _OTHERS,
    "Run this on an EC2 instance with a role, or use another source.": "another machine is needed",
    "Run this in a container with a task role, or use another source.": "another machine is needed",
    "Check the task role of the container, or use another source.": _AWS,
    "xswitch sso add": "a person types the start URL, and signs in",
    "aws logout --profile {}": "the AWS CLI ends its own sign-in",
    "Install the AWS CLI 2.32 or newer, then repeat the command.": _OTHERS,
    "Wait a minute, then repeat the command.": _AGAIN,
    "Start the sign-in again, and approve it while it waits.": _AGAIN,
    "Correct sso_start_url or sso_region at {}.": _CONFIG,
    "{} --profile {}": "a person types keys or signs in",
    "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary keys, AWS_SESSION_TOKEN; or"
    " use a source profile.": "the keys are the user's own",
    "Get a new web identity token.": _OTHERS,
    "Check the role of this instance or container.": _AWS,
    "Wait for the next code, then run the same command again.": _AGAIN,
    "Compare mfa_serial in the config with the output of: aws iam list-mfa-devices": _CONFIG,
    "Both sides must allow it: one of your policies, and the role's trust policy, which must name"
    " you. If the trust policy requires MFA or an external ID, set mfa_serial or external_id in the"
    " profile.": _AWS,
    "Ask the administrator of that policy: no permission overrides an explicit deny.": _OTHERS,
    "Remove mfa_serial from the profile, or use a source profile with long-term keys.": _CONFIG,
    "Use the keys of an IAM user, or sign in with: aws configure sso": "a person types keys",
    "Store an active key: aws configure. If the region must be enabled first, enable it or use"
    " another --region.": "a person types keys",
    "Store the pair again: aws configure": "a person types keys",
    "Use another region (--region us-east-1), or ask an administrator to activate this one under"
    " Account settings in the IAM console.": _AWS,
    "Shorten the session policy, or use fewer --policy-arn and --tag options.": _CHOICE,
    "Correct the policy: it must be one JSON policy document without a Principal.": _CHOICE,
    "Request a shorter session (--duration 3600), or ask an administrator to raise the role's"
    " maximum session duration.": _CHOICE,
    "Wait a minute, then run the same command again.": _AGAIN,
    "Look up the reason under common errors in the AWS STS API reference.": "a person reads it",
    "If the network requires a sign-in, open http://example.com in a browser; otherwise correct"
    " endpoint_url or the proxy.": "a person signs in with a browser",
    "Check the network and the proxy, then run the same command again.": _OTHERS,
    "Check the network, and the spelling of the region or endpoint_url.": _CONFIG,
    "Check endpoint_url, the network and the firewall.": _CONFIG,
    "Check that this machine is online.": _OTHERS,
    "If a company proxy inspects TLS, set ca_bundle in the profile (or AWS_CA_BUNDLE) to its"
    " certificate file.": _CONFIG,
    "Correct ca_bundle in the profile, or AWS_CA_BUNDLE.": _CONFIG,
    "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.": _CONFIG,
    "Correct endpoint_url: it starts with https:// and a host name.": _CONFIG,
    "Correct region in the profile, or use --region.": _CONFIG,
    "Correct use_fips_endpoint, use_dualstack_endpoint or region.": _CONFIG,
    "Check the network, then run: xswitch doctor": _OTHERS,
    "Compare it with the role's owner.": _OTHERS,
    "Ask the role's owner, then: xswitch switch {} --external-id ID": _OTHERS,
    "Compare role_arn in the profile {} with the role's ARN in the console of {}.": _OTHERS,
    "xswitch switch {} --duration {}, or an administrator of the role's account runs: aws iam"
    " update-role --role-name {} --max-session-duration {}": _OTHERS,
    "xswitch switch {} --session-name NAME (2 to 64 letters, digits and _+=,.@-), or set"
    " role_session_name in the profile {}": _CHOICE,
    "xswitch switch {} --force": "the command that failed, with an option of its own",
    "Check the configuration: xswitch config; source profile: {}": _CONFIG,
    "Use a region that is always enabled (--region us-east-1), or enable this one in the account's"
    " settings.": _AWS,
    "Correct role_session_name in the profile {}, or: --session-name NAME": _CONFIG,
    "Use a source profile with credentials of {}, or correct role_arn in the profile {}.": _CONFIG,
    "Set a region of {} in the profile {}.": _CONFIG,
    "Set role_arn to it in the profile {}, then: xswitch switch {}": _CONFIG,
    "An administrator of {} creates it (xswitch access plan), or correct role_arn in the profile"
    " {}.": _OTHERS,
    "xswitch switch {} --duration {}": "see test_a_shorter_session",
    "Leave the policy out.": _CHOICE,
    "reinstall xswitch, then run: xswitch renew --all": _OTHERS,
    "Read them, then: {}": "a person reads what another user could have written",
    "Switch to the role again; this rewrites the profile.": _AGAIN,
    "Install xswitch under a path without special characters, for example with pipx.": _OTHERS,
    "Look at it again: xswitch switch {}": "a person looks at what changed",
    "Let it use another profile; see: xswitch config": _CONFIG,
    "{} Then: xswitch forget --all": "the first part is one of the other texts",
    "To see whether there are others: {}": "it only shows what a person compares",
    'Upgrade xswitch, or set a vault yourself, such as vault = "runtime", in {}.': _CHOICE,
    "xswitch demo --advance 1h": "only inside the demo, whose tests run it",
}

INSTRUCTIONS: dict[str, str] = {
    "An administrator of {} edits {}.": _OTHERS,
    "An administrator of {} edits the permissions boundary{}.": _OTHERS,
    "An administrator of {} edits the trust policy, then runs: aws iam update-assume-role-policy"
    " --role-name {} --policy-document file://trust.json": _OTHERS,
    "An administrator of {} runs: aws iam put-{}-policy --{}-name {} --policy-name {}"
    " --policy-document file://policy.json": _OTHERS,
}
"""Edits that `core.explain` asks an administrator for, and a denied switch repeats."""
