# The command line: help, prompts, results.

about = Packs container images into one encrypted, verifiable bundle and restores them digest for digest.
heading-usage = Usage:
heading-verbs = Verbs
heading-options = Options
heading-arguments = Arguments
value-options = [OPTIONS]
arg-values = { $help } (one of: { $values })
arg-values-default = { $help } (one of: { $values }; default: { $default })
arg-default = { $help } (default: { $default })
value-verb = VERB

verb-pack = Seal images into a bundle
    .more = Example: sealift pack web.tar db.tar --out delivery.sealift --volume-size fat32
verb-inspect = Show a bundle's public header; with a passphrase, what is inside
verb-verify = Check a bundle: without a passphrase every record, with one every image part
verb-restore = Put images back
    .more = Example: sealift restore delivery.sealift --to docker-archive:images.tar
verb-repair = Rebuild what is damaged in a bundle, without a passphrase
    .more = Example: sealift repair delivery.sealift; when that is not enough: --request request.json, then --with answer.sealift-repair
verb-repair-file = Answer a repair request from the whole bundle
    .more = Example: sealift repair-file delivery.sealift request.json --out answer.sealift-repair
verb-handoff = Copy a bundle to a drive, read it back from the medium and eject the drive
    .more = Example: sealift handoff delivery.sealift --to /media/stick
verb-drives = List removable drives
verb-images = List the images of a source
verb-keys = List and change what opens a bundle; make keys
verb-keys-list = List the key slots
verb-keys-add = Add a passphrase or other keys
verb-keys-remove = Remove a key slot
verb-keys-change = Replace your passphrase, or another slot, by a new one
verb-keys-generate = Make a new key in a file of its own
verb-list = List the key slots
verb-add = Add a passphrase or other keys
verb-remove = Remove a key slot
verb-change = Replace your passphrase by another
verb-sign = Sign a bundle as its vendor, without its passphrase
    .more = Example: sealift sign delivery.sealift --key cosign.key --product suite --release 1.4.2
verb-signing-key = Make and show keys that sign, in cosign's format
verb-signing-key-new = Make a key: PREFIX.key, locked with a passphrase, and PREFIX.pub
verb-signing-key-import = Lock a key of cosign or openssl with a new passphrase: PREFIX.key and PREFIX.pub
verb-signing-key-show = Show the public key and its fingerprint
verb-trust = List and change the vendors' keys and identities that are trusted here
    .more = Example: sealift trust add acme --key cosign.pub
verb-trust-list = List the trusted keys and identities
verb-trust-add = Trust a vendor's key, or its identity under a trusted root, once the fingerprint was compared
verb-trust-remove = Trust a vendor, a key, an identity or a trusted root no longer
verb-kit = Write a restore kit beside bundles, for hosts with nothing installed
verb-demo = Pack, verify and restore a built-in sample in a temporary folder
verb-completions = Print completions for a shell
verb-man = Print the manual page

arg-help = Show this help
arg-version = Show the version
arg-lang = Language of all texts
    .value = LANG
arg-source = Images: IMAGE or docker-daemon:IMAGE of the local Docker; containers-storage:IMAGE of Podman; containerd:[NAMESPACE/]IMAGE; docker://HOST/REPO[:TAG|@DIGEST] of a registry; an archive or OCI layout as a path or docker-archive:FILE[:REF], oci:DIR[:REF], oci-archive:FILE[:REF]
    .value = SOURCE
arg-bundle = The bundle's first volume
    .value = BUNDLE
arg-request = When the recovery data is not enough, write to this file what must come again
    .value = FILE
arg-repair-request = As “repair --request”: write to this file what must come again
    .value = FILE
arg-with = The answer to a repair request
    .value = ANSWER
arg-repair-out = Write a mended bundle here and leave the damaged one as it is
    .value = FILE
arg-wanted = The request: its file, or its code
    .value = REQUEST
arg-answer-out = Where to write the answer
    .value = FILE
arg-undamaged = Of a damaged bundle, restore the images that are whole
arg-shell = Which shell
    .value = SHELL
arg-slot = Number of the slot, as “keys list” shows it
    .value = SLOT
arg-out = Where to write the bundle
    .value = FILE
arg-to = Destination: docker-daemon:, containers-storage: (Podman), containerd:[NAMESPACE], docker://HOST[/PREFIX], docker-archive:FILE, oci:DIR or oci-archive:FILE
    .value = DEST
arg-image = Restore only this image (repeatable): a name or the beginning of its digest
    .value = REF
arg-rename = Give an image another name (repeatable); a * at the end of both stands for the rest of the name
    .value = FROM=TO
arg-map = Read names and their new ones from a file: FROM = TO (or FROM → TO) on each line, with * as in --rename
    .value = FILE
arg-tags = What happens to a tag of the destination that points at another image: refuse, backup (the old image keeps a second tag) or overwrite
    .value = POLICY
arg-target = Where to: a folder, or a removable drive by its device file or label (repeatable: each gets the whole bundle)
    .value = DRIVE|DIR
arg-spread = Spread the volumes over the drives: each gets those that fit and that none before it has
arg-volumes = Hand over only these volumes, for example those still missing: 3-5,7
    .value = LIST
arg-at-once = Serve several drives at the same time instead of one after the other
arg-remove-stale = Remove files that an earlier bundle of this name left on the drive
arg-no-eject = Leave the drive mounted
arg-all-sizes = Also list drives above 2 TB
arg-creds-file = User name and password for a registry, as USER:PASSWORD in a file; without it the logins of Docker and Podman are used
    .value = FILE
arg-plain-http = Speak to the registry without encryption; hosts that are this machine may do so anyway
arg-create-projects = Create Harbor projects that are missing
arg-level = Compression level, 1 to 19
    .value = LEVEL
arg-volume-size = Split into files of at most this size: 4GiB, 650MB, or fat32
    .value = SIZE
arg-recovery = Add recovery data, 1% to 100% of the content, or none: up to that much can be damaged or missing and “repair” rebuilds it (default: 5% on removable drives, else none)
    .value = PERCENT
arg-platform = Pack only this platform of multi-platform images (repeatable)
    .value = OS/ARCH
arg-kdf = Cost of guessing the passphrase: standard takes 256 MiB, low 64 MiB for small hosts
    .value = COST
arg-generate-passphrase = Write a passphrase of random words to a new file and use it
    .value = FILE
arg-words = Words of --generate-passphrase: en draws six English words, zh-CN seven Chinese characters, which a bare server without an input method cannot type (default: en)
    .value = LANG
arg-allow-weak = Take a new passphrase that has fewer than 15 characters and fewer than 5 words
arg-password-file = Read the passphrase from a file
    .value = FILE
arg-password-fd = Read the passphrase from an open descriptor
    .value = N
arg-password = Ask for the passphrase (also when other keys are given)
arg-identity = Open with this key: a key file, an age identity, an SSH private key or a share (may be repeated)
    .value = FILE
arg-recipient = Lock for this recipient: “age1…”, “ssh-ed25519 …”, or a file with such lines or a key (may be repeated)
    .value = RECIPIENT
arg-shares = Lock for a key in N shares, any K of which open it together
    .value = K/N
arg-shares-dir = Where the files with the shares go (default: here)
    .value = FOLDER
arg-classes = Pack one bundle for each sensitivity class (public, internal, secret), as this file divides the images and locks each
    .value = FILE
arg-class = Give the image this class, whatever the file or its label says; “*” stands for all that nothing marks (may be repeated)
    .value = IMAGE=CLASS
arg-require-all = All keys given are needed together, instead of any one
arg-new-password = Ask for a new passphrase beside the recipients
arg-slot-number = The slot to replace (default: the one that opens)
    .value = N
arg-key-out = The new file; only its owner can read it
    .value = FILE
arg-type = What to make: an age identity, which has a public key, or a key file
    .value = KIND
arg-new-password-file = Read the new passphrase from a file
    .value = FILE
arg-new-password-fd = Read the new passphrase from an open descriptor
    .value = N
arg-dry-run = Show what would be done and write nothing
arg-force = Replace what exists
arg-signing-key = The key that signs: cosign's, or of openssl
    .value = KEY
arg-sign = Sign the bundle with this key once it is sealed
    .value = KEY
arg-remove-signature = Remove the signature by this key: its fingerprint, or at least 8 digits of its beginning
    .value = KEYID
arg-product = The product this bundle is, as it is signed
    .value = PRODUCT
arg-release = Its release, as it is signed; a site can refuse older ones
    .value = RELEASE
arg-key-password-file = Read the passphrase of the signing key from a file
    .value = FILE
arg-key-password-fd = Read the passphrase of the signing key from an open descriptor
    .value = N
arg-key-type = Kind of the key
    .value = TYPE
arg-prefix = Where the two files go, without .key and .pub
    .value = PREFIX
arg-key-file = A key file
    .value = KEY
arg-vendor = Name of the vendor, as this site calls it; “remove” also takes an identity, or the fingerprint of a key or trusted root
    .value = VENDOR
arg-public-key = The vendor's public key: cosign.pub
    .value = FILE
arg-signed-bundle = Take the key from the signature of this bundle
    .value = BUNDLE
arg-certificate-identity = The vendor's identity in the certificates of its keyless image signatures, exactly: an e-mail address, or the URI of a workflow
    .value = IDENTITY
arg-certificate-oidc-issuer = Who vouches for that identity, exactly: the URL of the OIDC issuer
    .value = URL
arg-trusted-root = The authorities and logs under which the identity counts: a trusted_root.json of sigstore
    .value = FILE
arg-yes = The fingerprint was compared: do not ask
arg-policy = What this site asks of a bundle (default: policy.toml in the settings folder, if there; /etc/sealift/policy.toml holds in any case)
    .value = FILE
arg-trust-store = Where the trusted keys are (default: trust.toml in the settings folder)
    .value = FILE
arg-json = Print the result as one JSON object
arg-progress = How progress is shown on stderr: auto, plain, json or none
    .value = MODE
arg-quiet = Print errors only
arg-verbose = Tell more about what happens (-vv for all)

usage-unknown = unknown argument { $argument }
usage-verb = there is no verb { $argument }
usage-missing = missing: { $argument }
usage-conflict = { $argument } cannot be combined with another argument given
usage-no-value = { $argument } needs a value
usage-value = the value of { $argument } is not accepted

no-desktop = The desktop app is not part of this build. Use a verb: pack, inspect, verify, repair, restore, handoff, drives, images, keys, sign, signing-key, trust, kit, demo (see “sealift --help”).
no-display = There is no display here for the desktop app. Use a verb: pack, inspect, verify, repair, restore, handoff, drives, images, keys, sign, signing-key, trust, kit, demo (see “sealift --help”).
crashed = Sealift met a fault of its own and had to close. Nothing half-written counts as finished. Report: { $path }
no-opengl = The desktop app needs OpenGL, and this display has no driver for it. Use a verb: pack, inspect, verify, repair, restore, handoff, drives, images, keys, sign, signing-key, trust, kit, demo (see “sealift --help”).
cancelling = Cancelling… (press Ctrl-C again to stop at once)
note-line = Note: { $note }

prompt = Passphrase:
prompt-more = Passphrase of the others (Enter leaves them out):
prompt-identity = Passphrase of the key { $name }:
prompt-pin = PIN of the token { $name }:
prompt-new = New passphrase:
prompt-again = Once more:
prompt-signing-key = Passphrase of the signing key:
prompt-trust = Are these the words that the vendor reads to you? Type “yes” to trust this key:
prompt-trust-root = Are these the words of the trusted root? Type “yes” to trust this identity under it:
prompt-user = User name at the registry { $host }:
prompt-registry = Password:

phase-scan = Reading
phase-unlock = Unlocking
phase-pack = Packing
phase-copy = Copying
phase-recover = Recovery data
phase-flush = Writing to the medium
phase-read-back = Reading back
phase-eject = Ejecting
phase-verify = Verifying
phase-restore = Restoring
progress-left = { $secs } s left
progress-stalled = stalled for { $secs } s

layers = { $num ->
    [1] 1 layer
   *[other] { $num } layers
 }
image-created = created { $day }
images-none = {"  "}no images
images-namespace = {"  "}namespace { $namespace }; another one: sealift images containerd:NAMESPACE/
images-sum = { $sum } in all, { $unique } with shared parts counted once
fingerprint = Fingerprint: { $fingerprint }
fingerprint-words = By phone: { $words }
slot = Key slot { $number }: { $kind } ({ $details })
slot-plain = Key slot { $number }: { $kind }
slots-superseded = An earlier change of keys was interrupted: { $count } more keys, removed or replaced by it, still open this bundle. To complete it, run “keys” with any change again.

class-public = public
class-internal = internal
class-secret = secret
delivery-plan = { $class }: { $what }
delivery-passphrase = Passphrase for the bundle of class { $class }:
delivery-packed = Bundle of class { $class }:
delivery-part = Bundle of class { $class }: { $path }
delivery-locked = Class { $class } is left out: no key given opens its bundle.
delivery-unopened = Class { $class } is locked: no key given opens its bundle, so what is inside was not looked at.
delivery-missing = The bundle of class { $class } is not here.
num-images = { $num ->
    [1] 1 image
   *[other] { $num } images
}
num-artifacts = { $num ->
    [1] 1 signature or other artifact
   *[other] { $num } signatures and other artifacts
}
num-both = { $images }, { $artifacts }
pack-plan = { $what }, { $sum } in all
pack-done = Packed: { $unique } of unique content, { $size } written, { $saved } % saved
pack-continued = Of these, { $size } were there from an interrupted run.
pack-generated = Passphrase: in { $path }, which only you can read. Send it over another channel than the bundle.

pack-split = { $system } takes files of at most { $most }: the bundle is split to fit.
pack-space = { $free } are free there and the images are { $sum }: unless they share or compress well, that is too little.

drives-none = No removable drive is plugged in.
drive-mounted = { $free } free at { $path }
drive-read-only = write-protected, at { $path }
drive-unmounted = not mounted: mount it, or name it in --to
drive-locked = encrypted: unlock it first
drive-unformatted = no file system: format it first; Sealift never does

handoff-plan = To { $folder } ({ $system }): { $volumes ->
    [1] 1 volume
   *[other] { $volumes } volumes
 }, { $size } to write, { $free } free
handoff-done = Whole at { $folder }: { $written } written, { $kept } there already; { $how }:
handoff-uncached = everything was read back from the medium and matches
handoff-cache-dropped = everything was read back after the cache was dropped and matches
handoff-cached = everything was read back and matches, but perhaps out of the system's cache
handoff-kit = With the restore kit: restore.sh, READ-ME-FIRST.txt and sealift-kit, read back as well.
handoff-removed = Removed, of an earlier bundle: { $path }
handoff-stale = Left by an earlier bundle: { $path } (--remove-stale removes it)
handoff-safe = Safe to remove: { $folder } is unmounted.
handoff-by-hand = Not ejected, as no service here does it. Unmount { $folder } before you pull the drive out.
handoff-refused = Not ejected: { $reason }. Close what uses { $folder } and unmount it before you pull the drive out.
handoff-not-asked = { $folder } is still mounted. Unmount it before you pull the drive out.
handoff-missing = Still missing: { $missing }. With another drive: sealift handoff { $bundle } --to DRIVE --volumes { $missing }

inspect-public = Sealed bundle: { $size }, { $volumes ->
    [1] 1 volume
   *[other] { $volumes } volumes
 }, { $records ->
    [1] 1 record
   *[other] { $records } records
 }
inspect-locked = Give the passphrase (--password, --password-file) to see what is inside.
inspect-contents = { $what }, { $sum } in all, packed { $created } by { $tool }

verify-records = Whole: { $records ->
    [1] its one record is as it was sealed
   *[other] all { $records } records are as they were sealed
 }. This finds damage; only a check with the passphrase also finds forgery.
verify-blobs = Whole: { $what }, { $blobs } blobs, { $size }; every digest matches.
verify-damaged = Damaged: { $damaged } of { $records } records ({ $numbers }).
verify-copy-again = Copy the bundle again from where it was made, or ask for these records alone with --repair-request FILE.
verify-damaged-image = Damaged image: { $image } ({ $blobs } of its blobs)

verify-recovery = Recovery data: { $damaged ->
    [0] { $records } recovery records, all whole
   *[other] { $damaged } of { $records } recovery records are damaged
 }.
verify-volumes = Volumes that are missing or whose trailer is damaged: { $numbers }
verify-repairable = The recovery data suffices: run “sealift repair”.
verify-beyond = The recovery data does not suffice for { $damaged ->
    [1] 1 record
   *[other] { $damaged } records
 }: run “sealift repair” for the rest, with --request FILE for what must come again.
inspect-recovery = Recovery data: { $size }, { $percent } % of the content
repair-whole = Nothing to repair: the bundle is whole.
repair-done = Repaired: { $records ->
    [0] no records
    [1] 1 record
   *[other] { $records } records
 }, { $recovery } recovery records, { $trailers } trailers, { $headers } header copies written again. The bundle is whole and is the one that was sealed.
repair-left = Repaired { $records } records; { $left ->
    [1] 1 record is
   *[other] { $left } records are
 } still damaged ({ $numbers }).
repair-header = The header came with the answer, and with it the passphrases of the sender's copy.
request-none = No repair request is needed: the bundle is whole, or its own recovery data suffices.
request-written = Repair request for { $records ->
    [0] the header or trailers
    [1] 1 record
   *[other] { $records } records
 } written to { $path }. Send it to where the bundle was made.
request-code = Or by phone: { $code }
request-long = The list is too long to be read over the phone; send the file.
answer-written = Answer written to { $path }, { $size }. Send it to where the bundle is damaged.
restore-undamaged = { $damaged ->
    [1] 1 image is damaged and is left out:
   *[other] { $damaged } images are damaged and are left out:
 }
restore-plan = Would restore { $what }, { $size }:
restore-mapping = Names at the destination:
restore-nameless = (no name there)
restore-done = Restored { $what }, { $size }; every digest matches:
restore-done-sent = Restored { $what }, { $size }; every blob that was sent matches its digest:
restore-done-unpacked = Restored { $what }, { $size }; image IDs and the content of every layer match:
restore-unpacked = { $layers ->
    [1] 1 layer was
   *[other] { $layers } layers were
 } unpacked, as this engine cannot read zstd; the digest of a manifest there is not the one in the bundle.
restore-nothing-sent = All there already: { $what }, { $size }. Nothing had to be sent, so the blobs of the bundle were not checked:
restore-room = Free there: { $free }; needed: { $needed }
restore-left-out = Left out, as this destination cannot hold them:
restore-present = { $blobs ->
    [1] 1 blob was there already and was not written again
   *[other] { $blobs } blobs were there already and were not written again
 }.

demo-sample = 1. Made a sample: { $images } images, { $sum }.
demo-packed = 2. Packed and encrypted them into one bundle of { $size }.
demo-records = 3. Verified the bundle without its passphrase: { $records ->
    [1] its record is whole
   *[other] { $records } records are whole
 }.
demo-refused = 4. Tried a wrong passphrase: refused.
demo-blobs = 5. Verified it with the passphrase: { $blobs } blobs match their digests.
demo-restored = 6. Restored { $images } images into an archive that Docker, Podman and containerd load.
demo-same = 7. Compared: same names, same image IDs. The temporary folder is removed.

arg-folder = Folder with the bundles; the root of a USB stick, say
    .value = FOLDER
arg-kit = Write a restore kit beside the bundle in folders too; drives get one anyway
arg-no-kit = Write no restore kit
arg-handoff = When it is packed straight to a drive: read it back from the medium, add the restore kit and eject the drive
arg-program = The build of Sealift to put into the kit, instead of this one
    .value = FILE
kit-done = { $bundles ->
        [0] Kit written; no bundle lies beside it yet. Write it again once one does, so that its page names the fingerprint.
        [1] Kit written; its page names the bundle beside it.
       *[other] Kit written; its page names the { $bundles } bundles beside it.
    } The program is made for { $system }.

verb-reseal = Give a bundle a new key, in a new file, without touching its images
    .more = Unlike “sealift keys”, which changes who can open a bundle, this keeps whoever had the old key out of the new file. It is another bundle: its fingerprint is new, and signatures of the old one do not count for it.
reseal-done = Sealed anew: { $size }
keys-generated = Wrote { $path }. Keep it secret; give others the recipient:
    { $recipient }
keys-generated-file = Wrote { $path }. Keep it secret: it both locks and opens.
signature-trusted = Signed by { $vendor }, { $signed }
signature-trusted-release = Signed by { $vendor }, { $signed }, as { $release }
signature-unknown-key = Signed on { $signed } by a key that nobody here knows; anyone can make such a signature. Key { $key }, by phone: { $words }
signature-damaged = A signature does not fit this bundle.
signature-damaged-vendor = A signature does not fit this bundle, though it bears the key of { $vendor }.
signature-unknown-kind = A signature of a kind that this version does not check.
policy-signers = The policy is met: signed by { $signers }.
policy-images = The policy is met: { $images ->
    [0] it asks no signature of these images
    [1] 1 image has the signature that it asks for
   *[other] { $images } images have the signatures that it asks for
 }.
policy-images-locked = Whether the images have the signatures that the policy asks for can be told with the passphrase alone.
pack-signed = Signed with key { $key }
signing-key-written = Written: { $prefix }.key, which only you can read, and { $prefix }.pub for those who check your signatures.
trust-compare = Compare this with { $vendor } over the telephone before you trust it:
trust-compare-root = Compare this fingerprint of the trusted root with that of { $vendor } or of who publishes the root, over another channel:
trust-none = No vendor's key or identity is trusted here yet.
trust-key = { $vendor }: { $type } key, trusted since { $added }
trust-key-due = { $vendor }: { $type } key, trusted since { $added }, more than a year ago: ask the vendor for the next one
trust-identity = { $vendor }: identity { $identity } by { $issuer }, trusted since { $added } under the trusted root
trust-certificate-due = { $host }: the client certificate { $path } ends on { $ends }; ask whoever runs the registry for the next one, and put it and its key in the place of both files
trust-certificate-ended = { $host }: the client certificate { $path } ended on { $ends }; ask whoever runs the registry for a new one, and put it and its key in the place of both files
image-signed = { $image } is signed by { $vendors }
image-identity = { $image }: { $vendor } signed as { $identity } by { $issuer }
image-identity-unknown = { $image }: signed as { $identity } by { $issuer }, an identity that nobody here knows
image-attested = { $image }: { $vendor } attests { $predicate }
image-signed-unknown = { $image }: { $num ->
    [1] 1 signature or attestation is
   *[other] { $num } signatures or attestations are
 } by no key or identity that is trusted here
