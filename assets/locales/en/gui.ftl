# The desktop app.

app-name = Sealift
nav-pack = Pack
nav-import = Import
nav-verify = Verify
nav-keys = Keys
nav-history = History
nav-settings = Settings

cancel = Cancel
choose = Choose…
copy = Copy
dismiss = Dismiss
close = Close
copy-error = Copy this error

# The app's own file picker
picker-path = Path
picker-up = One folder up
picker-name = File name
picker-reading = Reading…
picker-empty = There are no files in this folder.
picker-save = Save here
picker-folder = Use this folder
picker-open = { $num ->
    [0] Open
    [one] Open { $num } file
   *[other] Open { $num } files
}

time-secs = { $secs } s
time-mins = { $mins } min { $secs } s
time-hours = { $hours } h { $mins } min

job-details = Details
job-notices = { $num ->
    [1] 1 remark
   *[other] { $num } remarks
 }
job-idle = Drop image archives or a bundle anywhere in this window.
job-list = Reading { $name }
job-pack = Packing { $name ->
    [1] 1 image
   *[other] { $name } images
 }
job-unlock = Unlocking { $name }
job-verify = Verifying { $name }
job-keys = Changing the keys of { $name }
job-reseal = Writing { $name } under a new key
job-plan = Planning the import
job-restore = Importing { $name ->
    [1] 1 image
   *[other] { $name } images
 }
job-save = Saving { $name }
job-speed = Speed over the last half minute
job-left = about { $time } left
job-stalled = stalled for { $time }
job-cancelling = Cancelling…
job-done = { $title }: done
job-failed = { $title }: failed
job-cancelled = { $title }: cancelled
job-cancelled-line = What was partly written has been removed.
job-lost = The program met a fault of its own and stopped this job. Nothing half-written counts as finished.

drop-bundle = Open this bundle
drop-bundle-line = Its public header is shown first; nothing is written.
drop-sources = { $num ->
    [1] Add this to the images to pack
   *[other] Add these { $num } to the images to pack
 }
drop-sources-line = Image archives, OCI layouts, and bundles are told apart by their content.
close-title = A job is still running
close-line = Closing cancels it. What it has partly written is removed.
close-stay = Keep running
close-anyway = Cancel and close

pack-title = Images
pack-count = { $num ->
    [1] 1 image
   *[other] { $num } images
 } · { $selected } selected
pack-search = Search name, tag, digest
pack-add = Add…
pack-clear = Empty the list
pack-empty = Drop image archives here
pack-empty-line = The output of “docker save”, “podman save” or “skopeo copy”, also compressed; or the folder of an OCI layout.
pack-choose-files = Choose archives…
pack-choose-folder = Choose an OCI layout…
pack-path = Path of an archive or folder
pack-filter-all = All
pack-filter-selected = Selected
pack-column-name = Name
pack-column-size = Size
pack-column-layers = Layers (grey: shared)
pack-layers = { $num ->
    [1] 1 layer
   *[other] { $num } layers
 }
pack-lit = { $num ->
    [1] 1 image holds
   *[other] { $num } images hold
 } the chosen layer
pack-lit-off = Stop highlighting
pack-select-all = Select all that are shown
pack-start = Export encrypted bundle
pack-why-busy = Another job is running.
pack-why-images = Select at least one image.
pack-divide = Divide by sensitivity class
pack-divide-line = One bundle for each class, with keys of its own. Whoever has some of the keys opens those bundles only.
pack-marks = Mark the selected images
pack-marked = { $class }: { $num }
pack-unmarked = { $num ->
    [1] 1 selected image has no mark.
   *[other] { $num } selected images have no mark.
 }
pack-keys-of = Keys of the bundle
pack-keys-missing = Still without a key: { $classes }
pack-keys-there = Every class has a key.
pack-mark-none = no mark
pack-mark-with = with image
pack-mark-name = Class of { $image }: { $class }
pack-mark-other = Class of { $image }: its label says “{ $label }”, which is no class
pack-why-mark = Mark every selected image with its class.
pack-why-of = { $class }: { $why }
pack-why-key = Choose a passphrase or a recipient.
pack-why-again = Type the same passphrase twice.
pack-why-recipient = Add what is typed under Recipients, or clear it.
pack-why-shares = Say how many shares there are, and the folder for them.
pack-why-out = Say where the bundle is to be written.
pack-why-volume = Give a volume size, such as 650 MB or 4 GiB.
pack-why-exists = Choose another name, or replace the file that is there.
pack-why-refused = Nothing can be written there.
pack-out-hint = Path of the bundle
pack-out-name = delivery-{ $date }.sealift
pack-out-title = Where to write the bundle
pack-again = Pack again
packed-title = Packed and encrypted
packed-facts = { $images ->
    [1] 1 image
   *[other] { $images } images
 }, { $size } written, { $percent } % saved
packed-volumes = { $num } volumes
packed-verify = Verify now
packed-folder = Open folder
packed-signed = Signed as { $name }
pack-failed = Packing failed
failed-step = While: { $step }
pack-nothing-left = Nothing half-written is left on the disk; files that were there are as they were.
pack-cancelled = Packing was cancelled
pack-cancelled-line = Selection and passphrase are still there to start again.
pack-back = Back

tray-title = This bundle
tray-title-divided = This delivery
tray-counts = { $images ->
    [1] 1 image
   *[other] { $images } images
 } · { $layers } layers, { $unique } of them different
tray-sum = Sum of images
tray-written = Shared parts once
tray-written-divided = Shared once per bundle
tray-shared = shared
tray-own = own
tray-saved = saves { $percent } %

passphrase = Passphrase
passphrase-hint = Passphrase
passphrase-again = Once more
passphrase-of-bundle = Passphrase of this bundle
passphrase-of-any = Passphrase of any of these bundles
passphrase-match = Both are the same
passphrase-differ = The two differ
passphrase-generate = Generate
passphrase-generate-one = Generate one
passphrase-keep = Write it down or keep it in a password manager. It is forgotten after the export and cannot be recovered. Copied, it leaves the clipboard after 30 seconds.
passphrase-weak-title = This passphrase can be guessed
passphrase-short-title = This passphrase is short: fewer than 15 characters or 5 words
passphrase-weak-line = Who holds the bundle can try passphrases offline, without limit.
passphrase-take = Use it anyway
words-en = English words
words-zh-CN = Chinese
    .line = Only where an input method is set up: a bare server has none. Characters are separated by ordinary spaces.
recipients = Recipients
recipients-hint = age1…, ssh-…, or a file
recipients-file = File with public keys
recipients-add = Add
shares = A key in shares, for several people
shares-needed = needed of
shares-all = shares
shares-numbers = At least 2 are needed, no more than there are; at most 32 shares.
shares-folder = Folder for the shares
shares-line = Each share is a file that only you can read. Hand each to another person; fewer than needed open nothing.
needs-any = Any one opens
needs-all = All together
locked-for = Locked for
locked-passphrase = Who knows the passphrase
locked-shares = Any { $needed } of { $num } shares together
locked-shares-line = Hand each file to another person, then delete it here.
locked-any = Any one of them opens it.
locked-all = It opens only with all of them together.
locked-together = These are needed together.
locked-earlier = As before: { $kind } ({ $slot })
sign-as = Sign as { $name }
sign-product = Product (optional)
sign-release = Release, such as 1.4.2 (optional)
pack-why-release = Give both the product and its release, or neither.
sign-passphrase = Passphrase of the signing key
strength-none = Six random words make a good one
strength-weak = weak
strength-fair = fair
strength-strong = strong
strength-words = { $num } words
strength-chars = { $num ->
    [1] 1 character
   *[other] { $num } characters
 }
strength-bits = about { $bits } bits
strength-bits-least = at least { $bits } bits
password-reveal = Show what was typed
password-hide = Hide what was typed
destination = Destination
place-fits = { $free } free: enough.
place-may-not-fit = { $free } free, { $needed } before compression: may not be enough.
place-exists = A file of this name exists.
place-replacing = The file that is there will be replaced.
place-other-name = Use a new name
place-replace = Replace
place-keep = Do not replace
split-title = Volumes
split-one = One file
split-fat32 = FAT32
split-fat32-line = Each below 4 GiB, for sticks with FAT32.
split-custom = Custom
split-custom-name = Size of a volume
split-custom-hint = such as 650 MB or 4 GiB
fingerprint-title = Fingerprint
fingerprint-phone = To read over the phone
fingerprint-copy = Copy fingerprint
fingerprint-why = Give it to the receiver over another channel, by phone for example. In the same language both sides see the same.

bundle-choose = Choose a bundle…
bundle-other = Another bundle
bundle-path = Path of a bundle
bundle-keys-interrupted = An earlier change of keys was interrupted: keys that it removed or replaced still open this bundle. Change, add or remove a key to complete it.
bundle-copy-damaged = One of the two header copies is damaged; the bundle opens through the other. Copy it again when you can.
bundle-facts = { $size } · { $volumes ->
    [1] 1 volume
   *[other] { $volumes } volumes
 } · { $records ->
    [1] 1 record
   *[other] { $records } records
 } · { $slots ->
    [1] 1 key slot
   *[other] { $slots } key slots
 }

import-title = Import
import-empty = Drop a bundle here
import-empty-line = The first volume, the file whose name ends in .sealift. Nothing is written until you say where.
import-unlock = Unlock
import-contents = { $num ->
    [1] 1 image inside
   *[other] { $num } images inside
 }
import-step-source = Source
import-step-unlock = Unlock
import-step-inspect = Inspect
import-step-target = Target
import-step-run = Run
import-step-report = Report
import-back = Back
import-next = Next
import-plan = Show the plan
import-start = Start the import
import-retry = Try again
import-another = Import another bundle
import-open-again = Open the same bundle again
import-why-source = Choose a bundle, or type its path.
import-why-passphrase = Type the passphrase.
import-why-images = Select at least one image.
import-why-path = Say where the images are to be put.
import-why-names = One of the new names is not an image name.
import-why-running = Running; progress is shown below.
import-unlock-line = Whether it is right is known within a second or two. It is stored only if you tick that.
memory-remember = Remember on this computer
memory-line = In your keyring, where whoever uses your session can read it.
memory-held = The passphrase is in this computer's keyring.
memory-forget = Forget
memory-missing = No keyring answers on this computer, so passphrases cannot be remembered here.
memory-refused = The keyring did not do it. Unlock your keyring, then try again.
import-unlocking = Trying the passphrase…
import-unlocked = Unlocked
import-unlocked-line = The fingerprint above is proven to be that of the sealed bundle. Compare it with what the sender tells you.
column-class = Class
delivery-part-of = A part of a delivery
delivery-open-class = To the bundle of class { $class }
usb-eject-later = Ejected after the last bundle of the delivery.
delivery-title = Bundles of this delivery
delivery-is-here = here
delivery-is-open = open
delivery-is-locked = locked
delivery-is-missing = not here
delivery-is-refused = not let in
delivery-show-class = Show { $class }
import-more-keys = Give another key…
import-more-title = Keys for what is still locked
import-more-line = What they open is added to what is open already. You can also go on without.
import-fingerprint-line = Compare it with what the sender tells you.
import-column-platform = Platform
import-column-there = Name at the destination
import-column-stage = Progress
import-selected = Selected
import-tool = Packed by
import-warn-platform = { $num ->
    [1] 1 image is not built
   *[other] { $num } images are not built
 } for this machine ({ $host }). It can be put back, but will not run here.
import-warn-untagged = { $num ->
    [1] 1 image has
   *[other] { $num } images have
 } no name. You can give one in the next step.
import-warn-externals = Needs { $num ->
    [1] 1 blob
   *[other] { $num } blobs
 } of an earlier delivery; images that build on it cannot be put back.
import-target-kind = Kind of destination
dest-docker-archive = File for Docker
dest-docker-archive-line = A .tar that docker load, podman load and containerd take. Right in most cases.
dest-docker = Registry
dest-docker-line = A registry over the network. Digests stay as they are; only what it lacks is sent.
dest-oci = OCI layout folder
dest-oci-line = A folder that skopeo, podman, buildah and registries read; images are added to one that is there.
dest-oci-archive = OCI archive
dest-oci-archive-line = The same as one .tar, for podman load and ctr images import.
import-file = Path of the file
import-folder = Path of the folder
import-file-name = images.tar
import-tags = If a tag there points at another image
import-tags-refuse = Stop
import-tags-backup = Keep the old image under a second tag
import-tags-overwrite = Move the tag
import-namespace = Namespace
import-namespace-hint = Left empty: k8s.io where Kubernetes runs, else default
import-registry = Registry
import-registry-hint = HOST or HOST/PREFIX, for example harbor.site.local/vendor
dest-docker-daemon = Docker
dest-docker-daemon-line = Straight into the Docker engine of this machine. Only the layers it lacks are sent.
dest-containers-storage = Podman
dest-containers-storage-line = Straight into Podman's storage on this machine, under full names.
dest-containerd = containerd
dest-containerd-line = Straight into a namespace of containerd, where Kubernetes finds the images.
import-existing = If something is there already
import-existing-keep = Keep it and stop
import-existing-replace = Replace it
import-names = Names
import-names-line = Each image keeps its name unless you type another, such as that of your own registry.
import-new-name = New name of { $name }
import-name-hint = Name, such as registry.local/team/app:1.4
import-name-bad = This is not an image name. Write it as registry.local/team/app:1.4.
import-plan-title = The plan
import-plan-line = Nothing has been written yet. On start every blob is checked first; only when all are whole is anything written.
import-plan-line-sent = Nothing has been written yet. On start the blobs are checked while they are sent; images appear only when all are whole.
import-running-line = Every blob is checked first, then written and compared with its digest once more.
import-running-line-sent = The blobs are checked while they are sent; images appear only when all are whole.
import-needed = Space needed
import-free = Space free
import-was = in the bundle: { $name }
import-stage-planned = planned
import-stage-waiting = waiting
import-stage-checking = checking
import-stage-checked = checked
import-stage-writing = writing
import-stage-written = written
import-stage-restored = done
import-stage-failed = failed
import-stage-not = not put back
import-done = Import finished
import-done-line = { $num ->
    [1] 1 image is
   *[other] All { $num } images are
 } at the destination, each blob with its digest.
import-done-line-present = { $num ->
    [1] 1 image was
   *[other] All { $num } images were
 } at the destination already. Nothing had to be sent, so the blobs of the bundle were not checked.
import-done-line-unpacked = { $num ->
    [1] 1 image is
   *[other] All { $num } images are
 } at the destination: image IDs and the content of every layer match. Layers were unpacked, so the digest of a manifest there is another.
import-failed = Import failed
import-failed-line = Nothing was put back; the destination is as it was before.
import-failed-line-in-part = It did not come to its end. What the engine had taken in may be there; the next run completes it.
import-cancelled = Import cancelled
import-cancelled-line = Nothing was put back; what was partly written has been removed. Try again when you like.
import-load = Load it with
import-save-html = Save the report (HTML)…
import-save-json = Save the report (JSON)…
import-save-title = Where to write the report
import-report-html = import-report.html
import-report-json = import-report.json
import-saved = Saved: { $path }
report-image = Image
report-digest = Digest
report-images = Images
report-written = Written
report-present = Blobs that were there already
report-to = Destination
report-took = Time taken
report-ended = Ended (UTC)
report-bundle = Bundle
report-bundle-of = Bundle of class { $class }
report-file = File
report-policy = Site policy
report-unsigned = No signature by a key that is trusted here
report-created = Packed
report-fingerprint = Fingerprint
report-by = Made by

verify-title = Verify
verify-empty = Drop a bundle here
verify-empty-line = Anyone can check that a bundle is whole; no passphrase is needed.
verify-what = Every record is read and compared with what was sealed. This finds damage; to find forgery too, give the passphrase or compare the fingerprint.
verify-passphrase = Passphrase (optional)
verify-passphrase-hint = With it forgery is found too
verify-what-blobs = Every blob is decrypted and compared with the digest that its image names. This finds damage and forgery.
verify-start = Check every record
verify-start-blobs = Check every blob
verify-again = Check again
verify-cancelled = The check was cancelled. It found nothing and proved nothing.
verify-running = Checking
verify-running-blobs = Blobs are being decrypted and compared with their digests; progress is shown below.
verify-whole = Whole
verify-whole-line = { $records ->
    [1] Its one record is as it was sealed
   *[other] All { $records } records are as they were sealed
 }; nothing is damaged.
verify-whole-blobs = Whole and authentic
verify-whole-blobs-line = { $images ->
    [1] 1 image
   *[other] { $images } images
 }, { $blobs } blobs, { $size }: every digest matches.
verify-compare = Compare the fingerprint with what the sender tells you: only when both are the same is this the sender’s bundle.
verify-broken = Damaged
verify-broken-line = { $damaged } of { $records } records are not as they were sealed.
verify-forged-line = The records are whole, but their content does not match the digests of the images: it was wrong when it was sealed, or somebody altered it.
verify-damaged-records = Damaged records
verify-damaged-images = Images that are hurt
verify-damaged-next = Copy the bundle again from where it was made, then check it again. If it is still damaged, the medium may be faulty.
map-name = Map of records: { $cells } cells, { $damaged } of them with damage
map-record = Record { $first }
map-records = Records { $first }–{ $last }
map-whole = whole
map-damaged = damaged
map-unread = not checked yet
verify-report-save = Save result…
verify-report-name = { $name }-verified.txt
verify-report-saved = Saved to { $path }
verify-report-file = Bundle: { $value }
verify-report-fingerprint = Fingerprint: { $value }
verify-report-words = By phone: { $value }
verify-report-damaged = Damaged records: { $value }
verify-report-image = Image that is hurt: { $value }

keys-title = Keys
keys-tab-own = My keys
keys-tab-bundle = A bundle’s keys
keys-empty = Drop a bundle here
keys-empty-line = See which passphrases and keys open it.
keys-slots = { $num ->
    [1] 1 key slot
   *[other] { $num } key slots
 }
keys-slot = Slot { $num }
keys-kind-password = passphrase
keys-kind-key-file = key file
keys-kind-age = age key
keys-kind-shares = key in shares
keys-kind-token = token
keys-kind-vault = Vault key
keys-kind-all-of = several keys together
keys-kind-unknown = a kind that takes a newer version of Sealift
keys-what = Each slot is for one passphrase or key, or for several together, and any one slot opens the bundle. This is what anyone can see; passphrases and private keys are not.
keys-add = Add a key
keys-add-line = What opens it now goes on doing so.
keys-add-start = Add
keys-change = Replace a key
keys-change-line = The new passphrase or key takes the place of the one that opens the bundle here; other slots stay.
keys-change-start = Replace
keys-remove = Remove slot { $num }
keys-remove-line = Any passphrase or key that opens the bundle will do. Make sure that you are not removing your only one.
keys-remove-start = Remove
keys-remove-slot = Remove slot { $num }
keys-last = The last slot cannot be removed.
keys-current = Current passphrase
keys-current-hint = The one to be replaced
keys-any-hint = Any that opens the bundle
keys-new = New passphrase, or new recipient
keys-header-only = Only the 128 KiB of the header are rewritten, whatever the size of the bundle.
keys-old-copies = Earlier copies still open with the old passphrase or key
keys-old-copies-line = { $num ->
    [1] This changes one file only.
   *[other] Of the { $num } volumes this changes the first only.
 } To shut somebody out, use “New key, new file…” and destroy every old copy.
keys-old-bundle = The old bundle still opens with the old passphrase or key
keys-old-bundle-line = It stays as it is, with all its volumes. To shut somebody out, destroy them and every copy.
keys-of-one = Only this bundle of the delivery is changed
keys-other-parts = This is the bundle for the class “{ $class }”. { $num ->
    [1] The other bundle of the delivery keeps its own keys.
   *[other] The { $num } other bundles of the delivery keep their own keys.
 }
keys-reseal-part = The new one stays a part of the delivery. Put it beside the others under its old name, so that they are found together.
keys-added = It was added
keys-changed = It was replaced
keys-removed = Slot { $num } was removed
keys-reseal = New key, new file…
keys-reseal-line = Writes a second bundle with the same images under a new key. It opens only with what is chosen here, has another fingerprint, and must be signed anew.
keys-reseal-start = Write it
keys-resealed = The new bundle was written; it is shown below
keys-one = Only one can take its place; choose one, or all together.

own-recipients = Recipients
own-recipients-none = People and sites that you lock bundles for. Ask them for their public key: “age1…” or a line of an SSH key.
own-add-recipient = Add a recipient
own-identities = My identities
own-identities-none = A private key of your own. Others lock bundles for its public part, without a passphrase to share.
own-signing = Signing keys
own-signing-none = With one you sign what you pack, so that a site can tell that it is yours.
own-signing-due = In use for a year: let sites trust the next one.
own-vendors = Vendors’ keys
own-vendors-none = Keys of vendors whose signatures you trust.
own-vendor-due = In use for a year: ask the vendor for the next one.
own-vendor-identities = Vendors’ identities
own-vendor-identities-none = Vendors who sign images without a key of their own: with a certificate for an e-mail address or a build workflow.
own-issuer = Issuer: { $issuer }
own-trusted-root = Under the trusted root
own-new = Make
own-import = Import
own-trust = Trust a key
own-trust-identity = Trust an identity
own-copy = Copy public key
own-since = In use since { $day }
own-trusted-since = Trusted since { $day }
own-remove = Remove { $name }
own-remove-line = It is taken out of this list. The file of the key is not deleted.
own-distrust-line = Signatures by this key no longer count as the vendor’s.
own-distrust-identity-line = Signatures under this identity no longer count as the vendor’s.
own-remove-now = Remove
certificate-due = The client certificate for { $host } ends on { $day }
certificate-ended = The client certificate for { $host } ended on { $day }
certificate-line = Ask whoever runs the registry for the next one, and put it and its key in the place of these two files.

add-name = Name
add-new-identity = Make an identity
    .line = A new private key in a file of its own, for this machine or person. Whoever reads the file can open what is locked for it.
    .name = For example the site or machine
    .address = New file
    .hint = Where the private key is written
add-identity = Import an identity
    .line = Only its path or address is remembered. Files of age and SSH private keys, key files, tokens and Vault keys will do.
    .name = For example the site or machine
    .address = File or address
    .hint = File, pkcs11:… or vault://…
add-recipient = Add a recipient
    .line = Whoever has the private key to it can open what you lock for it.
    .name = For example the site or person
    .address = Public key, file or address
    .hint = age1…, ssh-ed25519 …, or a file
add-new-signing-key = Make a signing key
    .line = Writes a private key that the passphrase protects, and its public part beside it. cosign reads both.
    .name = For example your company
    .address = New file
    .hint = Where the private key is written
add-signing-key = Import a signing key
    .line = A private key as cosign writes it. Its path and public part are remembered.
    .name = For example your company
    .address = Key file
    .hint = cosign.key
    .passphrase = Only needed without a .pub beside it
add-vendor = Trust a vendor’s key
    .line = From then on its signatures count as this vendor’s.
    .name = The vendor
    .address = Public key
    .hint = cosign.pub
add-vendor-identity = Trust a vendor’s identity
    .line = From then on images signed with a certificate for it count as signed by this vendor.
    .name = The vendor
    .address = Trusted root
    .hint = trusted_root.json
add-signer = Identity, exactly as certificates name it
    .hint = release@acme.example, or the address of a workflow
add-issuer = Issuer, exactly
    .hint = https://accounts.acme.example
add-compare = Compare these words with the vendor, by telephone
    .line = Trust the key only if they are the same. A key that came with the bundle proves nothing by itself.
add-compare-root = Compare these words with the vendor or whoever publishes the root, over another channel
    .line = They are those of the trusted root. Trust the identity only if they are the same.
add-make = Make
add-show = Show its words
add-trust = They are the same: trust it

history-title = History
history-empty = Nothing yet
history-empty-line = Every export, import and check will be listed here with its outcome.
history-count = { $num ->
    [1] 1 run
   *[other] { $num } runs
 }
history-search = Search bundle, fingerprint
history-none = No run matches
history-none-line = Change the search or the filters.
history-all-kinds = All kinds
history-pack = Pack
history-restore = Import
history-verify = Verify
history-all-outcomes = All outcomes
history-done = Done
history-bad = Failed or damaged
history-damaged = Damage found
history-failed = Failed
history-cancelled = Cancelled
history-lost = Program fault
history-bundle = Bundle
history-delivery = Delivery
history-parts = { $num ->
    [1] 1 bundle
   *[other] { $num } bundles
 }
history-target = Restored to
history-outcome = Outcome
history-when = Time
history-size = Size
history-time = Duration
history-version = Version
history-report = Full report
history-csv = Save as CSV…
history-json = Save as JSON…
history-csv-name = sealift-history.csv
history-json-name = sealift-history.json
history-export-title = Where to save these runs
history-exported = The runs shown were saved
history-export-failed = The runs could not be saved
history-no-dialog = This system has no file dialog, so there is no place to choose. Copy single reports instead.
history-newer = A newer Sealift made this history. It is left alone; runs are listed only until the window closes.
history-unreadable = The history cannot be read. Runs are listed only until the window closes. Move the file away to begin a new one.
history-unwritable = The last run could not be added to the history. It is listed only until the window closes.

settings-title = Settings
settings-lang = Language
settings-lang-zh = 简体中文
settings-lang-en = English
settings-system = As the system
settings-theme = Theme
settings-dark = Dark
settings-light = Light
settings-zoom = Size
settings-zoom-keys = Ctrl +, Ctrl −, Ctrl 0
settings-version = Sealift { $version }
settings-folder = Folder for new bundles
settings-folder-hint = Empty: where the last one was written
settings-volume = Largest file of a new bundle
settings-volume-whole = Do not split
settings-volume-fat32 = 4 GiB (FAT32)
settings-volume-2g = 2 GiB
settings-volume-1g = 1 GiB
settings-volume-line = A bundle larger than this is split into several files. FAT32, which most sticks use, holds no larger file than 4 GiB.
settings-keys = Keyboard
settings-key-pages = go to a page
    .keys = Ctrl+1 … Ctrl+7
settings-key-open = open files
    .keys = Ctrl+O
settings-key-search = go to the search field
    .keys = Ctrl+F
settings-key-primary = press the main button
    .keys = Ctrl+Enter
settings-key-cancel = cancel the job that runs
    .keys = Ctrl+.
settings-key-row = select or open the row that has the keyboard
    .keys = Space
settings-key-range = select a range of images
    .keys = Shift+Space
settings-key-escape = close what lies over the page
    .keys = Esc
settings-logs = Logs
settings-open-folder = Open folder
settings-copy-path = Copy path
settings-cannot-open = The folder cannot be opened from here. Copy its path instead.
settings-diagnostics = Copy diagnostics
settings-diagnostics-line = Version, system, display, language, folders and the last errors. No passphrase, and no user name.
settings-about = About
settings-licence = Licensed under Apache-2.0 or MIT, at your option. Fonts: Inter, JetBrains Mono and Noto Sans SC, under the SIL Open Font License 1.1.
settings-licences = Licences

crash-title = The program met a fault of its own
crash-line = The window goes on; a job that was hit has stopped, and nothing half-written counts as finished. Send this report to whoever maintains Sealift; it holds no passphrase.

# What to do, where the library's words speak of the command line.
hint-USAGE-01 = Change what was chosen, then try again. If this stays, copy the diagnostics from Settings for whoever helps you.
hint-USAGE-02 = Write it as NAME:TAG, for example registry.example.com/team/app:1.4.
hint-USAGE-03 = Choose a file, an OCI layout folder or an OCI archive, or an engine or registry that can be reached.
hint-USAGE-04 = The file may have changed since it was read. Open it again, then choose from what it holds now.
hint-USAGE-05 = Choose at least one archive or OCI layout that holds an image.
hint-CLASS-02 = Mark the image on the Pack page as public, internal or secret.
hint-CLASS-03 = Mark the image on the Pack page. Nothing was packed.
hint-USAGE-06 = Give one of them another name, or leave one out.
hint-USAGE-08 = Type the passphrase, then try again.
hint-USAGE-10 = Choose at least 2 MiB, and large enough for at most 9,999 volumes; FAT32 suits every USB stick.
hint-USAGE-12 = Use at least 15 characters or 5 words, or let one be generated.
hint-JOB-02 = What was partly written has been removed. Please report the fault with the lines above and the version, which the settings show.
hint-IO-04 = Choose another name, or allow what is there to be replaced.
hint-IO-08 = Choose FAT32 under Volumes, so that every file stays below 4 GiB.
hint-IO-11 = It may lead to a file of somebody else. Copy the bundle to a folder of your own, or have the repaired one written to a new file. Nothing was changed.
hint-INTEGRITY-01 = Copy the bundle again from where it was made; the Verify page lists everything that is damaged. Nothing was restored.
hint-BUNDLE-05 = Copy the bundle again from where it was made. Without a header nothing can be opened.
hint-BUNDLE-06 = The copy was cut short. Copy this volume again, or repair the bundle with its recovery data; nothing was restored.
hint-BUNDLE-07 = Put all volumes of the set into one folder, under their original names. A bundle with recovery data can rebuild a later volume.
hint-INTEGRITY-03 = A volume was altered or damaged. Copy the bundle again, or repair it with its recovery data; nothing was restored.
hint-REPAIR-01 = Save a repair request and send it to where the bundle was made; with the answer the repair can be completed.
hint-KEY-07 = Open the bundle again on the Keys page; its slots may have been changed meanwhile.
hint-SIGN-06 = Open the bundle again to see its signatures; they may have been changed meanwhile.
hint-SIGN-08 = One of them was forged. Get the bundle again from its sender. Whoever has a key of it can also change a key on the Keys page: the key tells which copy is right, and the other is replaced. Nothing was changed.
hint-TRUST-13 = Compare its words with the vendor's over the telephone, then confirm.
hint-HANDOFF-03 = Allow the files named above to be removed, or choose another drive.
hint-HANDOFF-04 = Choose a drive that is plugged in, or a folder.
hint-HANDOFF-06 = Free some space, or spread the bundle over several drives.
hint-HANDOFF-08 = Do not run that kit. Hand the bundle over to the drive once more: only the kit is written anew. A drive that fails again may be faulty.
hint-HANDOFF-09 = The bundle needs no kit where Sealift is installed. To add it, hand the bundle over to the drive once more.
hint-ENGINE-01 = Start the engine, then try again. Without an engine, a file does as well.
hint-ENGINE-04 = Install it, or choose a file as the destination and load it where the program is.
hint-ENGINE-06 = Give the image another name, or choose what happens to such tags.
hint-NET-10 = The window speaks to registries over HTTPS only; the command line can be told to trust this network.
hint-NET-12 = Log in again with Docker or Podman, on this machine and as this user.
hint-NET-13 = Log in to this registry again with Docker or Podman.
hint-NET-17 = Create the project in Harbor, then try again.
hint-NET-29 = The tag is immutable there and points at another image. Choose another tag under Names, or have the project’s administrator lift the rule.
hint-NET-27 = Give it a name under Names.
hint-NET-14 = Type a user name and password, or log in to this registry with Docker or Podman as this user; then try again.
app-note-untagged = { $about }: this image has no name; it can be given one when it is imported.
app-note-name-dropped = { $about }: the destination cannot hold this name, so the image will have none. A full name can be given under Names.

# Where images come from
pack-from-files = Archives
pack-from-registry = Registries
pack-engines-looking = Looking for container engines on this computer…
pack-engines-none = No container engine was found here. Add archives, or images of a registry.
pack-engines-again = Look for engines again and refresh their images
pack-registry = Add from a registry…
pack-registry-title = Add from a registry
pack-registry-name = Image
pack-registry-hint = harbor.site.local/team/app:1.4, say
pack-registry-add = Add
registry-login-line = Without a user name, the logins that Docker or Podman keeps are used.
registry-user = User name
registry-password = Password or token
registry-plain-http = Allow HTTP without encryption (trusted networks only)
registry-create-projects = Create missing projects in Harbor

import-rule-from = Names that begin with
import-rule-from-hint = registry.vendor.com/*
import-rule-to = become
import-rule-to-hint = harbor.site.local/vendor/*
import-rule-apply = Apply
import-rule-file = Mapping file…
import-rule-title = Choose a mapping file
import-mapped = { $num ->
    [0] No name fits the rule.
    [one] The rule changed one name; see below.
   *[other] The rules changed { $num } names; see below.
}

# USB handoff
nav-usb = USB handoff
usb-title = USB handoff
usb-count = { $num ->
    [0] no removable drive
    [one] one removable drive
   *[other] { $num } removable drives
}
usb-large = Also list drives above { $size }
usb-empty = Plug in a USB stick
usb-empty-line = It appears here by itself. Internal disks are never listed; a folder can be named on the right. Sealift copies files and never formats a drive.
usb-folder = Folder
usb-folder-hint = also into this folder
usb-free = { $fs } · { $size }, { $free } free
usb-size = { $fs } · { $size }
usb-fat = files up to 4 GiB
usb-read-only = Write-protected: move its switch, or take another.
usb-unmounted = Not mounted.
usb-locked = Encrypted: unlock it in the system first.
usb-unformatted = No usable file system: format it in the system first.
usb-mount = Mount
usb-will-nothing = Nothing is written to this drive.
usb-will-read = Already there: it is only read back.
usb-will-continue = Goes on: { $begun } are there, { $size } to write.
usb-will-write = { $files } { $files ->
    [1] file
   *[other] files
}, { $size } to write.
usb-stale = { $num ->
    [one] one file of an earlier bundle
   *[other] { $num } files of earlier bundles
}
usb-light-copy = Copy
usb-light-flush = Flush
usb-light-read-back = Read back
usb-light-eject = Eject
usb-tray-title = Handoff
usb-bundle-line = Choose a finished bundle, then a stick.
usb-bundle-facts = { $size } · { $volumes ->
    [1] one file
   *[other] { $volumes } files
}
usb-eject = Eject when done
usb-several = Several drives
usb-share-each = A copy on each
usb-share-spread = Spread out
usb-order-queue = In turn
usb-order-at-once = At once
usb-remove-stale = Remove { $num } files of earlier bundles ({ $size })
usb-remove-those = Remove these files
usb-replace = Replace the files that are there
usb-left-out = No room yet for volume { $volumes }. Choose one more stick, or go on with another later.
usb-why-bundle = Choose a bundle.
usb-why-drive = Choose a stick or a folder.
usb-why-looking = Looking at the room and what is there…
usb-why-refused = It cannot be done like this; the reason is above.
usb-start = Hand over
usb-again = Hand over to another stick
usb-safe = { $name } is safe to remove
usb-written = Written to { $name }
usb-eject-by-hand = Written to { $name } and checked; eject it by hand before you pull it out
usb-facts = { $files ->
    [1] One file
   *[other] { $files } files
}, { $written } written; all of it was read back as it should be.
usb-facts-kept = { $files ->
    [1] One file
   *[other] { $files } files
}, { $written } written and { $kept } there before; all of it was read back as it should be.
usb-read-uncached = It was read back past the system's cache, from the medium itself.
usb-read-cache-dropped = This file system is read through the cache only; the cache was dropped first.
usb-read-cached = This system offers no way past its cache: what was read may not have come from the medium.
usb-refused = The system did not eject it: { $reason }
usb-stale-left = { $num ->
    [one] One file of an earlier bundle is still on it.
   *[other] { $num } files of earlier bundles are still on it.
}
usb-missing = On no drive yet: volume { $volumes }
usb-missing-line = Hand over once more to another stick: only what is missing is copied. The receiver needs every volume.
usb-label = Label for the stick
usb-label-qr = The fingerprint as a QR code
usb-label-save = Save the label for printing…
usb-label-name = stick-label.html
usb-label-saved = The label was saved to { $path }
usb-label-volumes = { $num ->
    [1] one file
   *[other] { $num } files
}
usb-label-why = Before the receiver opens the bundle, compare the digits or the words by telephone. Never write the passphrase here.
job-handoff = Handing over { $name }
packed-usb = Hand to a USB stick
history-handoff = Handoff
usb-kit = Add the restore kit (hosts need nothing installed)
pack-to-drive = To { $name }
pack-recovery = Add recovery data ({ $percent } %)
split-by-itself = Files here end at 4 GiB: the bundle is split by itself.
job-repair = Repairing { $name }
mend-line = When it was packed with recovery data, it can be repaired where it lies, without the passphrase.
mend-repair = Try to repair
mend-with = Repair with the sender's answer…
mend-whole = { $num } records were mended; the bundle is whole
mend-whole-line = Every record that was written matches the hash it was sealed with. Keep an eye on this medium: it may fail again.
mend-beyond = { $num } records must come again from the sender
mend-beyond-line = Send the repair request to the sender: only these records have to come, not the whole bundle.
mend-code = Or read this code over the phone:
mend-save = Save the repair request…
mend-name = repair-request.json
mend-answer = Answer a repair request…
mend-saved = Saved to { $path }
import-found = Found on removable drives
import-leave-out = Restore only the images that are whole…

# Keys beside the passphrase, and who signed
keys-other = Other keys…
keys-only = No passphrase opens this bundle; it takes another key.
keys-of-mine = Your keys
keys-typed-hint = Key file, pkcs11: URI or vault:// address
keys-typed-line = Files of keys by the button, several at once; or type one and press Enter. They are read when you unlock, and not kept.
keys-files = Choose key files
keys-drop = Remove { $name }
keys-share = Shares of a split key
keys-share-hint = The code or the words of one share
keys-share-add = Add this share
keys-share-number = Share { $num }
keys-share-line = Enter one after the other; files of shares can be chosen above.

# What a key asks while it is used
ask-title = A key asks
ask-identity = Passphrase of { $name }
ask-pin = PIN of the token { $name }
ask-pin-line = A token locks itself after some wrong PINs.
ask-plugin-line = So says the plugin of a key.
ask-ok = OK

import-why-keys = Give a key, or type the passphrase.
import-why-refused = This site's policy does not let this bundle in.
import-signed-by = Signed by { $vendors }
signatures = Vendor signatures
signatures-none = Nobody signed this bundle.
signature-unknown = Signed on { $signed } by a key that nobody here knows
signature-anyone = Anyone can make such a signature. Ask the vendor to read you these words over the phone.
policy-release = Release held against the policy: { $release }
policy-images-later = The policy asks for signatures of the images; they are looked at once the bundle is open.
trust-this = Trust this key…
trust-title = Trust a vendor's key
trust-line = Call the vendor on a number you know from elsewhere, and have these words read to you. Only when all are the same is it the vendor's key.
trust-name = Name of the vendor
trust-name-hint = as you call it, acme for example
trust-compared = I compared the words with the vendor over another channel
trust-start = Trust this key
