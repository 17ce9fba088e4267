# Install rules: library, headers, program, pkg-config file, CMake package, man pages.
