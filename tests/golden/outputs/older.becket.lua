becket.add({
	enums = {
	},
	messages = {
		["org.example_two.OLD.Thing"] = { fields = {
			[1] = { name = "name", type = "string" },
			[2] = { name = "size", type = "uint32" },
		} },
		["org.example_two.OLD.Kept"] = { fields = {
			[1] = { name = "where", type = "string" },
		} },
	},
	interfaces = {
		{
			name = "org.example_two.OLD.Thing_Keeper",
			uuid = "0f0e0d0c-0b0a-4908-8706-050403020100",
			major = 2,
			operations = {
				[0] = {
					name = "Keep",
					request = "org.example_two.OLD.Thing",
					response = "org.example_two.OLD.Kept",
				},
			},
		},
	},
})
