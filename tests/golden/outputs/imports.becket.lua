becket.add({
	enums = {
		["lib.Kind"] = {
			[0] = "KIND_UNKNOWN",
			[1] = "KIND_GOOD",
		},
	},
	messages = {
		["imports.Request"] = { fields = {
			[1] = { name = "kind", type = "enum", of = "lib.Kind" },
		} },
	},
	interfaces = {
		{
			name = "imports.Imports",
			uuid = "493f956f-5b8a-5aaa-93ef-be52a0a49d03",
			major = 1,
			operations = {
				[0] = {
					name = "Get",
					request = "imports.Request",
					response = "imports.Request",
				},
			},
		},
	},
})
