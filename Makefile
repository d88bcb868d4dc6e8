# Everyday commands; CONTRIBUTING.md tells when to use which.

CARGO ?= cargo
# Seconds for each fuzz target.
FUZZ_SECS ?= 60
# Where `make bench` keeps its corpus and its results.
BENCH_DIR ?= target/bench
# Debian packages that the tests start real servers and peers from.
TEST_PACKAGES := docker.io podman crun containerd skopeo docker-registry apache2-utils openssl debootstrap uidmap strace dbus-daemon gcc e2fsprogs xfsprogs mtools procps mount util-linux bindfs xz-utils zstd python3-cryptography python3-argon2 python3-zstandard libegl1 libgl1-mesa-dri xvfb openbox xdotool imagemagick desktop-file-utils appstream libxml2-utils shared-mime-info libglib2.0-bin python3-xlib age openssh-client openssh-server softhsm2 opensc xclip gnome-keyring libsecret-tools

# Where `make install` puts the program; DESTDIR is for packagers.
PREFIX ?= /usr/local
DESTDIR ?=
# Where cargo builds.
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
# The program that is installed; built where it is missing.
BINARY ?= $(TARGET_DIR)/release/sealift
# An archive of images that `make bench-desktop` packs on the command line and in the window.
ARCHIVE ?=
# Where `make kit` writes the kit.
KIT_DIR ?= target/kit

.PHONY: run test test-tools lint deny fuzz bench bench-desktop kit install uninstall clean

run:
	@$(CARGO) build --release --quiet
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then $(TARGET_DIR)/release/sealift; else $(TARGET_DIR)/release/sealift demo; fi

test: test-tools lint
	$(CARGO) test --workspace --all-features
	$(CARGO) check --lib --no-default-features

# Installs what the tests need where it may; else names it.
test-tools:
	@sh tests/install-tools.sh $(TEST_PACKAGES)

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --quiet

deny:
	$(CARGO) deny check licenses bans sources

fuzz:
	@sh fuzz/run.sh $(FUZZ_SECS)

bench:
	$(CARGO) build --release --quiet
	@bash benches/peers.sh $(BENCH_DIR)

bench-desktop:
	$(CARGO) build --release --quiet
	@bash benches/desktop.sh '$(BINARY)' '$(ARCHIVE)'

# The restore kit with a program for hosts back to glibc 2.17.
kit:
	@sh assets/kit/build.sh '$(KIT_DIR)'

$(TARGET_DIR)/release/sealift:
	$(CARGO) build --release --quiet

install: $(BINARY)
	@sh assets/desktop/install.sh install '$(BINARY)' '$(DESTDIR)' '$(PREFIX)'

uninstall:
	@sh assets/desktop/install.sh uninstall '$(BINARY)' '$(DESTDIR)' '$(PREFIX)'

clean:
	$(CARGO) clean
