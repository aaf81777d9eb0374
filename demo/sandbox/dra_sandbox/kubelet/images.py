"""The images that the sandbox knows: no image is pulled; a table says which program of this machine stands for it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """What runs for an image.

    Attributes:
        repositories: Names under which the image is known, without registry and tag.
        programs: Console scripts in the image and the modules that stand for them; the first is its entry point.
            Without any, commands run as they stand.
        default_command: What runs when the container names no command.
        env: The image's own environment.
    """

    repositories: tuple[str, ...]
    programs: Mapping[str, str] = {}
    default_command: tuple[str, ...] = ()
    env: Mapping[str, str] = {}


# The driver's image sets nothing; these are the defaults of a Linux node, so that they are redirected even when
# a manifest leaves them to the driver.
DRIVER = Image(
    repositories=("dra-example-driver", "drakit"),
    programs={"dra-kubeletplugin": "dra_kubeletplugin", "dra-controller": "dra_controller"},
    env={
        "CDI_ROOT": "/var/run/cdi",
        "KUBELET_REGISTRAR_DIRECTORY_PATH": "/var/lib/kubelet/plugins_registry",
        "KUBELET_PLUGINS_DIRECTORY_PATH": "/var/lib/kubelet/plugins",
    },
)
SHELL = Image(
    repositories=("busybox", "alpine", "debian", "ubuntu", "bash"),
    default_command=("sh",),
    env={"PATH": PATH, "HOME": "/root"},
)
PAUSE = Image(repositories=("pause",), default_command=("sh", "-c", "trap 'exit 0' TERM; sleep 2147483647 & wait"))
KNOWN: tuple[Image, ...] = (DRIVER, SHELL, PAUSE)


def image_for(reference: str, known: tuple[Image, ...] = KNOWN) -> Image | None:
    """The entry for an image reference; registry, tag and digest do not matter."""
    name = reference.partition("@")[0]
    last = name.rpartition("/")[2].partition(":")[0]
    return next((image for image in known if last in image.repositories), None)


def unknown_image(reference: str, known: tuple[Image, ...] = KNOWN) -> str:
    """What to tell somebody who names another image."""
    names = ", ".join(name for image in known for name in image.repositories)
    return (
        f'Failed to pull image "{reference}": the sandbox pulls no images, it runs programs of this machine instead; '
        f"it knows the images {names} (from any registry, with any tag)"
    )


def command_line(image: Image, command: tuple[str, ...], arguments: tuple[str, ...], python: str) -> tuple[str, ...]:
    """The program to start for a container of this image.

    A container's ``command`` replaces the entry point; for the driver's image it may name another console script of it.
    """
    if not image.programs:
        return (*command, *arguments) or image.default_command
    program = command[0].rpartition("/")[2] if command else next(iter(image.programs))
    if program in ("python", "python3"):
        return (python, *command[1:], *arguments)
    if program not in image.programs:
        return (*command, *arguments)
    return (python, "-m", image.programs[program], *command[1:], *arguments)
