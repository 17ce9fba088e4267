# What `cmake --install` puts where: library, headers, program, manuals, examples, and the
# pkg-config file and CMake package by which other projects find them.
include(CMakePackageConfigHelpers)
set(MMOFL_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/mmofl)
set_target_properties(mmofl_shared PROPERTIES EXPORT_NAME mmofl)
set_target_properties(mmofl_static PROPERTIES EXPORT_NAME static)

# The two libraries have an export set each: who links the shared one needs none of the
# packages that the static one hands on to its user.
foreach(kind shared static)
  install(TARGETS mmofl_${kind} EXPORT mmofl-${kind}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
          NAMELINK_COMPONENT development)
  install(EXPORT mmofl-${kind} NAMESPACE mmofl:: DESTINATION ${MMOFL_PACKAGE_DIR}
          COMPONENT development)
endforeach()
install(TARGETS mmofl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(TARGETS mmofl-device RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT device)
install(DIRECTORY include/mmofl DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN *.h)
install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DATADIR}/mmofl/examples COMPONENT program
        USE_SOURCE_PERMISSIONS)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
install(FILES README.md ARCHITECTURE.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR}
        COMPONENT program)
install(FILES deploy/mosquitto.conf deploy/acl deploy/compose.yaml deploy/systemd/mosquitto-memory.conf
        DESTINATION ${CMAKE_INSTALL_DATADIR}/mmofl/deploy COMPONENT program)
install(FILES deploy/device.yaml DESTINATION ${CMAKE_INSTALL_DATADIR}/mmofl-device
        COMPONENT device)
# Where systemd looks, whatever the prefix's lib is called.
install(FILES deploy/systemd/mmofl-serve.service DESTINATION lib/systemd/system
        COMPONENT program)
install(FILES deploy/systemd/mmofl-device.service DESTINATION lib/systemd/system
        COMPONENT device)

configure_package_config_file(cmake/mmofl-config.cmake.in mmofl-config.cmake
                              INSTALL_DESTINATION ${MMOFL_PACKAGE_DIR})
write_basic_package_version_file(mmofl-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mmofl-config.cmake
              ${PROJECT_BINARY_DIR}/mmofl-config-version.cmake DESTINATION ${MMOFL_PACKAGE_DIR}
        COMPONENT development)

list(JOIN MMOFL_PACKAGES ", " MMOFL_PC_PACKAGES)
configure_file(cmake/mmofl.pc.in mmofl.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/mmofl.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
        COMPONENT development)

# Manual pages are written in scdoc; without it everything but they is built.
find_program(SCDOC scdoc)
if(SCDOC)
  file(GLOB MMOFL_MANUALS CONFIGURE_DEPENDS man/*.scd)
  foreach(source ${MMOFL_MANUALS})
    string(REGEX REPLACE "^.*/(.*\\.([0-9]))\\.scd$" "man/\\1;\\2" page ${source})
    list(GET page 0 file)
    list(GET page 1 section)
    add_custom_command(OUTPUT ${file} DEPENDS ${source} VERBATIM
                       COMMAND ${CMAKE_COMMAND} -E make_directory man
                       COMMAND sh -c "'${SCDOC}' <'${source}' >'${file}'")
    list(APPEND MMOFL_MANUAL_PAGES ${PROJECT_BINARY_DIR}/${file})
    set(component program)
    if(file MATCHES "mmofl-device")
      set(component device)
    endif()
    install(FILES ${PROJECT_BINARY_DIR}/${file} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section}
            COMPONENT ${component})
  endforeach()
  add_custom_target(manuals ALL DEPENDS ${MMOFL_MANUAL_PAGES})
endif()
include(cmake/package.cmake)
