# Debian packages, by `./dev package`: the program, the device's agent, the library, and what
# building against it takes.  Dependencies on libraries are worked out by dpkg-shlibdeps, but for
# those that are opened when they are needed (library.cmake), which are recommended.
set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL program device library development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_CONTACT "mmofl developers <mmofl@localhost>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME mmofl)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
    "multimodal online federated learning: simulator and coordinator")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "libcurl4 | libcurl4t64, libmicrohttpd12 | libmicrohttpd12t64")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_RECOMMENDS "${CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS}")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "mosquitto, mmofl-device, openmpi-bin")

set(CPACK_DEBIAN_DEVICE_PACKAGE_NAME mmofl-device)
set(CPACK_COMPONENT_DEVICE_DESCRIPTION
    "multimodal online federated learning: agent of a device")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libmmofl${MMOFL_SOVERSION})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "multimodal online federated learning: library")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libmmofl-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libmmofl${MMOFL_SOVERSION} (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "multimodal online federated learning: headers and static library")
include(CPack)
