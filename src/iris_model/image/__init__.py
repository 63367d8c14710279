"""The image of a project, without Docker: layers, config, base, packages for the target, and what is said about all of it.

    open_base          reference or path    -> Base            (base_files, elf: what is in it; lock, cache: pinned and kept)
    build_image        project              -> BuiltImage      (packages, wheels, markers, libraries; layers; assemble; sizes)
    outputs            BuiltImage           -> layout, archive, Docker Engine
    publish            BuiltImage           -> registry, with SBOM and provenance beside it
    examine            any image            -> what it is, what Lambda would say, how two differ
    dockerfile         project              -> the Dockerfile that makes the same with Docker

Nothing here prints, and nothing runs what it packs: an image for arm64 is built on any machine.
"""
