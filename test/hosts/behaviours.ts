// What every host does alike, as data: claimed by the branch `gcp`, being written (20:27). The app: test/hosts/app/{http,events}.ts.
