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

job-idle = Drop image archives or a bundle anywhere in this window.
job-list = Reading { $name }
job-pack = Packing { $name ->
    [1] 1 image
   *[other] { $name } images
 }
job-unlock = Unlocking { $name }
job-verify = Verifying { $name }
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
pack-engine = This version cannot read the engine on this machine yet. Save images to a file first:
pack-filter-all = All
pack-filter-selected = Selected
pack-column-name = Name
pack-column-size = Size
pack-column-layers = Layers (grey: shared)
pack-layers = { $num ->
    [1] 1 layer
   *[other] { $num } layers
 }
pack-select-all = Select all that are shown
pack-start = Export encrypted bundle
pack-why-busy = Another job is running.
pack-why-images = Select at least one image.
pack-why-passphrase = Choose a passphrase.
pack-why-again = Type the same passphrase twice.
pack-why-out = Say where the bundle is to be written.
pack-out-hint = Path of the bundle
pack-out-name = delivery.sealift
pack-out-title = Where to write the bundle
pack-again = Pack again
packed-title = Packed and encrypted
packed-facts = { $images ->
    [1] 1 image
   *[other] { $images } images
 }, { $size } written, { $percent } % saved

tray-title = This bundle
tray-counts = { $images ->
    [1] 1 image
   *[other] { $images } images
 } · { $layers } layers, { $unique } of them different
tray-sum = Sum of images
tray-written = Shared parts once
tray-shared = shared
tray-own = own
tray-saved = saves { $percent } %

passphrase = Passphrase
passphrase-hint = Passphrase
passphrase-again = Once more
passphrase-of-bundle = Passphrase of this bundle
passphrase-match = Both are the same
passphrase-differ = The two differ
password-reveal = Show what was typed
password-hide = Hide what was typed
destination = Destination
fingerprint-title = Fingerprint
fingerprint-why = Give it to the receiver over another channel, by phone for example. Both must be the same.

bundle-choose = Choose a bundle…
bundle-other = Another bundle
bundle-path = Path of a bundle
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

verify-title = Verify
verify-empty = Drop a bundle here
verify-empty-line = Anyone can check that a bundle is whole; no passphrase is needed.
verify-what = Every record is read and compared with what was sealed. This finds damage; only a check with the passphrase also finds forgery.
verify-start = Check every record
verify-running = Checking; progress is shown below.
verify-whole = Whole: { $records ->
    [1] its one record is as it was sealed
   *[other] all { $records } records are as they were sealed
 }
verify-whole-line = Compare the fingerprint with what the sender tells you.
verify-damaged-title = Damaged: { $damaged } of { $records } records
verify-damaged-line = Copy the bundle again from where it was made.

keys-title = Keys
keys-empty = Drop a bundle here
keys-empty-line = See which passphrases and keys open it.
keys-slots = { $num ->
    [1] 1 key slot
   *[other] { $num } key slots
 }
keys-slot = Slot { $num }

history-title = History
history-empty = Nothing yet
history-empty-line = Every export, import and check will be listed here with its outcome.

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
