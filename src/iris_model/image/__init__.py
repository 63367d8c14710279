"""Build the image of a project without Docker: layers, config, base, packages for the target, SBOM and provenance.

    reference or path  -> Base          (bases)
    project + Base     -> BuiltImage    (build: dependencies, layers, assemble, sizes)
    BuiltImage         -> a layout, an archive, Docker Engine, a registry with SBOM and provenance   (destinations, supply_chain)
    any image          -> its content, Lambda's rules, the difference of two                         (examine)

This package prints nothing and does not run the content of the image, so any machine can build an image for arm64.
"""
