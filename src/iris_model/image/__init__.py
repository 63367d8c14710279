"""Build the image of a project without Docker: layers, config, base, packages for the target, SBOM and provenance.

    reference or path  -> Base          (bases)
    project + Base     -> BuiltImage    (build: dependencies, layers, assemble, sizes)
    BuiltImage         -> a layout, an archive, Docker Engine, a registry with SBOM and provenance   (destinations, supply_chain)
    any image          -> its content, Lambda's rules, the difference of two                         (examine)

Nothing here prints, and nothing runs what it packs: an image for arm64 is built on any machine.
"""
